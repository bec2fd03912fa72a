/* answer - gather and pack. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

void answer_reset(struct answer_scratch *scratch) {
    scratch->cell_count = 0;
    scratch->text_len = 0;
    scratch->row_count = 0;
}

void answer_deinit(struct answer_scratch *scratch) {
    free(scratch->cells);
    free(scratch->text);
    scratch->cells = NULL;
    scratch->text = NULL;
}

/* Doubles an array until it holds `need` items. The bounds were checked before. */
static bool grow(void **items, uint64_t *cap, uint64_t need, size_t item_size) {
    uint64_t wanted = *cap ? *cap : 256;
    if (need <= *cap) return true;
    while (wanted < need) wanted *= 2;
    void *bigger = realloc(*items, wanted * item_size);
    if (!bigger) return false;
    *items = bigger;
    *cap = wanted;
    return true;
}

static uint64_t bytes_used(const struct answer_scratch *scratch) {
    return scratch->cell_count * sizeof(struct muster_db_value) + scratch->text_len;
}

static muster_status add_bytes(struct answer_scratch *scratch, sqlite3_stmt *statement, int column,
                               struct muster_db_value *value) {
    const void *data = value->type == MUSTER_DB_TEXT
                           ? (const void *)sqlite3_column_text(statement, column)
                           : sqlite3_column_blob(statement, column);
    uint64_t len = (uint64_t)sqlite3_column_bytes(statement, column);
    if (len && !data) return MUSTER_NO_MEMORY;
    if (bytes_used(scratch) + len + 1 > scratch->bytes_max) return MUSTER_LIMIT;
    if (!grow((void **)&scratch->text, &scratch->text_cap, scratch->text_len + len + 1, 1))
        return MUSTER_NO_MEMORY;
    /* A NUL behind each text, so that a reader may treat it as a C string. */
    if (len) memcpy(scratch->text + scratch->text_len, data, len);
    scratch->text[scratch->text_len + len] = '\0';
    value->bytes.data = (const void *)(uintptr_t)scratch->text_len;
    value->bytes.len = len;
    scratch->text_len += len + 1;
    return MUSTER_OK;
}

static muster_status read_cell(struct answer_scratch *scratch, sqlite3_stmt *statement, int column,
                               struct muster_db_value *value) {
    memset(value, 0, sizeof *value);
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        value->type = MUSTER_DB_INT;
        value->integer = sqlite3_column_int64(statement, column);
        return MUSTER_OK;
    case SQLITE_FLOAT:
        value->type = MUSTER_DB_REAL;
        value->real = sqlite3_column_double(statement, column);
        return MUSTER_OK;
    case SQLITE_TEXT:
        value->type = MUSTER_DB_TEXT;
        return add_bytes(scratch, statement, column, value);
    case SQLITE_BLOB:
        value->type = MUSTER_DB_BLOB;
        return add_bytes(scratch, statement, column, value);
    default: return MUSTER_OK; /* NULL */
    }
}

muster_status answer_add_row(struct answer_scratch *scratch, sqlite3_stmt *statement) {
    int columns = sqlite3_column_count(statement);
    uint64_t need = scratch->cell_count + (uint64_t)columns;
    if (scratch->row_count >= scratch->rows_max) return MUSTER_LIMIT;
    if (need * sizeof(struct muster_db_value) + scratch->text_len > scratch->bytes_max)
        return MUSTER_LIMIT;
    if (!grow((void **)&scratch->cells, &scratch->cell_cap, need, sizeof *scratch->cells))
        return MUSTER_NO_MEMORY;
    for (int i = 0; i < columns; i++) {
        muster_status status =
            read_cell(scratch, statement, i, &scratch->cells[scratch->cell_count]);
        if (status != MUSTER_OK) return status;
        scratch->cell_count++;
    }
    scratch->row_count++;
    return MUSTER_OK;
}

static size_t names_bytes(sqlite3_stmt *statement, int columns) {
    size_t bytes = 0;
    for (int i = 0; i < columns; i++) {
        const char *name = sqlite3_column_name(statement, i);
        bytes += (name ? strlen(name) : 0) + 1;
    }
    return bytes;
}

static char *copy_names(sqlite3_stmt *statement, int columns, const char **names, char *at) {
    for (int i = 0; i < columns; i++) {
        const char *name = sqlite3_column_name(statement, i);
        names[i] = at;
        at = stpcpy(at, name ? name : "") + 1;
    }
    return at;
}

static void fix_offsets(struct muster_db_value *cells, uint64_t count, const char *text) {
    for (uint64_t i = 0; i < count; i++)
        if (cells[i].type == MUSTER_DB_TEXT || cells[i].type == MUSTER_DB_BLOB)
            cells[i].bytes.data = text + (uintptr_t)cells[i].bytes.data;
}

muster_status answer_pack(struct answer_scratch *scratch, sqlite3_stmt *statement, int64_t changes,
                          struct answer **out) {
    int columns = sqlite3_column_count(statement);
    size_t cells_bytes = scratch->cell_count * sizeof(struct muster_db_value);
    size_t columns_bytes = (size_t)columns * sizeof(char *);
    size_t bytes = sizeof(struct answer) + cells_bytes + columns_bytes +
                   names_bytes(statement, columns) + scratch->text_len;
    struct answer *answer = malloc(bytes);
    if (!answer) return MUSTER_NO_MEMORY;
    struct muster_db_value *cells = (struct muster_db_value *)(answer + 1);
    const char **names = (const char **)((uint8_t *)cells + cells_bytes);
    char *text = copy_names(statement, columns, names, (char *)names + columns_bytes);
    if (cells_bytes) memcpy(cells, scratch->cells, cells_bytes);
    if (scratch->text_len) memcpy(text, scratch->text, scratch->text_len);
    fix_offsets(cells, scratch->cell_count, text);
    answer->bytes = bytes;
    answer->rows = (struct muster_db_rows){.size = sizeof answer->rows,
                                           .column_count = (uint32_t)columns,
                                           .row_count = scratch->row_count,
                                           .columns = names,
                                           .cells = cells,
                                           .changes = changes};
    *out = answer;
    return MUSTER_OK;
}
