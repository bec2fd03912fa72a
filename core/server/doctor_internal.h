/* doctor_internal - shared by the doctor*.c files alone. */
#ifndef DOCTOR_INTERNAL_H
#define DOCTOR_INTERNAL_H

#include "doctor.h"

#include <muster/types.h>

/* What lies in the data directory, and is a file or folder of this account. */
struct doctor_file {
    const char *name; /* below the data directory */
    const char *path;
    int64_t bytes;
};

/* doctor_report.c: findings, and what is to be done about them. */
extern struct doctor_report {
    bool mends;
    bool is_beside;    /* a server writes there meanwhile */
    uint32_t wrong;    /* and still so */
    uint32_t mendable; /* of these */
    uint32_t mended;
} doctor_report;
/* Each prints a line. name: below the data directory, or "". */
void doctor_wrong(const char *name, const char *format, ...) MUSTER_PRINTF(2, 3);
void doctor_mendable(const char *name, const char *format, ...) MUSTER_PRINTF(2, 3);
void doctor_mended(const char *name, const char *format, ...) MUSTER_PRINTF(2, 3);
void doctor_note(const char *name, const char *format, ...) MUSTER_PRINTF(2, 3);
/* What is nobody's any more, a write that was cut off, say. Beside a server that may go on: then
 * nothing is said. */
void doctor_leftover(const struct doctor_file *file);

/* doctor_content.c: what is in it. */
void doctor_node_id(const struct doctor_file *file);
void doctor_moderation(const struct doctor_file *file);
void doctor_outbox(const struct doctor_file *file);
void doctor_checkpoint(const struct doctor_file *file);
void doctor_lobby(const struct doctor_file *file);
void doctor_live(const struct doctor_file *file);
void doctor_crash(const struct doctor_file *file);
void doctor_recording(const struct doctor_file *file);
/* "recordings 3, without an end 1, ...": what was looked at. */
void doctor_counts(char *out, size_t cap);

#endif
