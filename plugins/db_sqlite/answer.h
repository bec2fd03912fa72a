/* answer - rows of one statement, gathered in reused scratch space and packed into one allocation.
 * A worker's thread.
 */
#ifndef DB_SQLITE_ANSWER_H
#define DB_SQLITE_ANSWER_H

#include <sqlite3.h>

#include "job.h"

struct answer_scratch {
    struct muster_db_value *cells; /* bytes.data holds an offset into text until packed */
    uint8_t *text;
    uint64_t cell_count;
    uint64_t cell_cap;
    uint64_t text_len;
    uint64_t text_cap;
    uint32_t row_count;
    uint32_t rows_max;
    uint32_t bytes_max;
};

void answer_reset(struct answer_scratch *scratch);
void answer_deinit(struct answer_scratch *scratch);
/* The row that the statement stands on. LIMIT above the bounds. */
muster_status answer_add_row(struct answer_scratch *scratch,
                             sqlite3_stmt *statement) MUSTER_MUST_USE;
muster_status answer_pack(struct answer_scratch *scratch, sqlite3_stmt *statement, int64_t changes,
                          struct answer **out) MUSTER_MUST_USE;

#endif
