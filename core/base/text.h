/* text - what people may call themselves and say: one rule for names, one for lines, whatever way
 * they come in. Shared by core and the plugins that come along; the only user of ICU.
 *
 * Names are allowed by kind of character (PRECIS, RFC 8264 to 8266, nickname profile), never
 * refused by a list of bad ones. Lines are mended, not refused. All texts are UTF-8. One thread.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <muster/types.h>
#include <stddef.h>

#define TEXT_NAME_CHARACTERS_MAX 32 /* as people count them: a family emoji is one */
#define TEXT_NAME_MAX MUSTER_DISPLAY_MAX

/* Loads the tables; before the process is locked. INTERNAL: ICU brings no data. */
muster_status text_init(void) MUSTER_MUST_USE;
void text_deinit(void);

/* A name as it is kept: NFKC, no blanks at its ends, single ones inside. Letters, marks, numbers,
 * punctuation, symbols and emoji; 1 to 32 characters of at most 63 bytes. False: `why` (not null)
 * says what is expected and what was found. */
bool text_name(const char *text, char out[TEXT_NAME_MAX], char *why, size_t why_size);
/* The name that is left of a text without what a name may not hold, and cut to its length. False:
 * nothing is left. */
bool text_name_mend(const char *text, char out[TEXT_NAME_MAX]);

/* A line that reaches others, a log or a terminal, mended in place and never longer: breaks become
 * a blank; controls, marks of direction, other format characters, private use and broken UTF-8 go,
 * as do more than a few accents on one letter. False: nothing of it can be seen. Any thread. */
bool text_line_mend(char *text);

/* Cuts a last character that lost its end to a full buffer. False: it is not UTF-8 even so, and no
 * JSON could carry it. Any thread. */
bool text_end_mend(char *text) MUSTER_MUST_USE;

/* Takes out broken UTF-8, which no JSON could carry; all else stays. Any thread. */
void text_bytes_mend(char *text);

/* `name` with a number behind it, "Bob (2)", cut where it would be too long. */
void text_name_number(const char *name, uint32_t number, char out[TEXT_NAME_MAX]);

/* How a name looks. Two names look alike when a person may take one for the other: same but for
 * case, or for letters that are drawn alike (UTS 39). */
struct text_look {
    uint64_t drawn;
    uint64_t folded;
};
struct text_look text_look(const char *name);
bool text_alike(struct text_look a, struct text_look b);

/* How a name looks to somebody who reads past its decoration: as it is; without punctuation at its
 * ends; without any ("A.d.m.i.n"); and with signs read as letters ("$erver"). */
#define TEXT_GUISES 4
struct text_guises {
    struct text_look looks[TEXT_GUISES];
};
struct text_guises text_guises(const char *name);
bool text_passes_for(const struct text_guises *guises, const char *other);

/* Names that are not for everybody: TEXT_SERVER for no player at all, TEXT_STAFF for those with the
 * permission "admin". Whatever passes for one is one. */
enum text_reserved { TEXT_FREE, TEXT_STAFF, TEXT_SERVER };
enum text_reserved text_reserved(const struct text_guises *guises);

#endif
