#include "store_rows.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX (1u << 26)

/* Where the copy is written. */
struct block {
    const char **columns;
    struct muster_db_value *cells;
    char *bytes;
};

static bool has_bytes(const struct muster_db_value *cell) {
    return cell->type == MUSTER_DB_TEXT || cell->type == MUSTER_DB_BLOB;
}

static bool are_rows(const struct muster_db_rows *rows) {
    uint64_t cells = (uint64_t)rows->row_count * rows->column_count;
    return cells <= CELLS_MAX && (cells == 0 || rows->cells) && rows->column_count <= CELLS_MAX;
}

static uint32_t cell_count(const struct muster_db_rows *rows) {
    return rows->row_count * rows->column_count;
}

/* Of the names and of what the cells point to. */
static size_t bytes_len(const struct muster_db_rows *rows) {
    size_t len = 0;
    for (uint32_t i = 0; rows->columns && i < rows->column_count; i++)
        len += strlen(rows->columns[i]) + 1;
    for (uint32_t i = 0; i < cell_count(rows); i++)
        if (has_bytes(&rows->cells[i])) len += rows->cells[i].bytes.len;
    return len;
}

static void copy_columns(const struct muster_db_rows *rows, struct block *to) {
    for (uint32_t i = 0; rows->columns && i < rows->column_count; i++) {
        size_t size = strlen(rows->columns[i]) + 1;
        to->columns[i] = memcpy(to->bytes, rows->columns[i], size);
        to->bytes += size;
    }
}

static void copy_cells(const struct muster_db_rows *rows, struct block *to) {
    for (uint32_t i = 0; i < cell_count(rows); i++) {
        const struct muster_db_value *from = &rows->cells[i];
        to->cells[i] = *from;
        if (!has_bytes(from) || from->bytes.len == 0) continue;
        to->cells[i].bytes.data = memcpy(to->bytes, from->bytes.data, from->bytes.len);
        to->bytes += from->bytes.len;
    }
}

struct muster_db_rows *store_rows_copy(const struct muster_db_rows *rows) {
    if (!are_rows(rows)) return NULL;
    size_t names = rows->columns ? rows->column_count * sizeof *rows->columns : 0;
    size_t cells = cell_count(rows) * sizeof *rows->cells;
    struct muster_db_rows *copy = malloc(sizeof *copy + names + cells + bytes_len(rows));
    if (!copy) return NULL;
    char *at = (char *)(copy + 1);
    struct block to = {(const char **)at, (struct muster_db_value *)(at + names),
                       at + names + cells};
    *copy = *rows;
    copy->columns = rows->columns ? to.columns : NULL;
    copy->cells = to.cells;
    copy_columns(rows, &to);
    copy_cells(rows, &to);
    return copy;
}
