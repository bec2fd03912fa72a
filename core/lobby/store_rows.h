/* store_rows - a copy of what a database has answered, as it lends its rows for its own call. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <muster/roles.h>

/* One block, to be freed; null: there is no memory, or they are no rows. */
struct muster_db_rows *store_rows_copy(const struct muster_db_rows *rows);

#endif
