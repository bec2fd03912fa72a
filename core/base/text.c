#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <xxhash.h>

#define INPUT_BYTES_MAX 512 /* of a name; longer ones are not looked at */
#define UNITS_MAX 2048      /* UTF-16; normalising and skeletons make names longer */
#define MARKS_MAX 4         /* accents in a row (UTS 39, 5.4) */
#define ZWNJ 0x200C
#define ZWJ 0x200D
#define TEXT_SELECTOR 0xFE0E
#define EMOJI_SELECTOR 0xFE0F
#define BLACK_FLAG 0x1F3F4
#define TAG_FIRST 0xE0020
#define TAG_LAST 0xE007F
#define VIRAMA_CLASS 9

struct units {
    UChar at[UNITS_MAX];
    int32_t len;
};

static struct {
    const UNormalizer2 *nfkc;
    UBreakIterator *characters;
    USpoofChecker *spoof;
} tables;

muster_status text_init(void) {
    UErrorCode error = U_ZERO_ERROR;
    if (tables.spoof) return MUSTER_OK;
    tables.nfkc = unorm2_getNFKCInstance(&error);
    tables.characters = ubrk_open(UBRK_CHARACTER, "", NULL, 0, &error);
    tables.spoof = uspoof_open(&error);
    /* Properties of strings lie in a file of their own, which is opened when first asked for. */
    (void)u_stringHasBinaryProperty(u"a", 1, UCHAR_RGI_EMOJI);
    if (U_SUCCESS(error)) return MUSTER_OK;
    text_deinit();
    return MUSTER_INTERNAL;
}

void text_deinit(void) {
    if (tables.characters) ubrk_close(tables.characters);
    if (tables.spoof) uspoof_close(tables.spoof);
    memset(&tables, 0, sizeof tables);
}

/* ---- characters ------------------------------------------------------------------------------ */

static uint32_t kind_of(UChar32 c) {
    return U_MASK(u_charType(c));
}

static bool is_mark(UChar32 c) {
    return kind_of(c) & (U_GC_MN_MASK | U_GC_ME_MASK);
}

/* Symbols and marks by their kind, and yet nothing is drawn. */
static bool is_blank_symbol(UChar32 c) {
    return c == 0x2800 || c == 0x1D159 || c == 0x16FE4 || c == 0xFFFC || c == 0xFFFD;
}

static bool is_ignorable(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

static bool is_picture(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC);
}

static bool is_arabic_letter(UChar32 c) {
    return u_charDirection(c) == U_RIGHT_TO_LEFT_ARABIC && (kind_of(c) & U_GC_L_MASK);
}

/* Joiners where writing needs them (RFC 5892, A.1 and A.2), and between the parts of an emoji. */
static bool joins(UChar32 before, UChar32 c, UChar32 after) {
    if (u_getCombiningClass(before) == VIRAMA_CLASS) return true;
    if (c == ZWNJ) return is_arabic_letter(before) && is_arabic_letter(after);
    return (is_picture(before) || before == EMOJI_SELECTOR ||
            u_hasBinaryProperty(before, UCHAR_EMOJI_MODIFIER)) &&
           is_picture(after);
}

/* before: the one before it in the same character as people see it, or 0. after: the next, or 0. */
static bool fits_name(UChar32 before, UChar32 c, UChar32 after) {
    const uint32_t visible = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK;
    if (c == ZWJ || c == ZWNJ) return joins(before, c, after);
    if (c == TEXT_SELECTOR || c == EMOJI_SELECTOR)
        return u_hasBinaryProperty(before, UCHAR_EMOJI) && (before > '9' || after == 0x20E3);
    return (kind_of(c) & visible) && !is_ignorable(c) && !is_blank_symbol(c);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A name on its way: what is kept of it so far. */
struct name {
    struct units in;
    char *out;
    size_t len;
    uint32_t characters;
    uint32_t marks; /* in a row */
    bool mends;
    bool blank; /* one is due before the next character */
    const char *expected;
    UChar32 found;
};

static bool refuse(struct name *name, UChar32 c, const char *expected) {
    if (!name->expected) {
        name->expected = expected;
        name->found = c;
    }
    return false;
}

static bool is_emoji(const struct name *name, int32_t begin, int32_t end) {
    return u_stringHasBinaryProperty(name->in.at + begin, end - begin, UCHAR_RGI_EMOJI);
}

/* One code point of a character into `bytes`; false: it may not be there. */
static bool take_point(struct name *name, UChar32 before, UChar32 c, UChar32 after) {
    name->marks = is_mark(c) ? name->marks + 1 : 0;
    if (!fits_name(before, c, after))
        return refuse(name, c, "letters, marks, numbers, punctuation, symbols and emoji");
    if (is_mark(c) && !before) return refuse(name, c, "no accent without its letter");
    if (name->marks > MARKS_MAX) return refuse(name, c, "at most 4 accents on a letter");
    return true;
}

/* One character as people see it: whole, or what may be kept of it. False: nothing. */
static int32_t take_character(struct name *name, int32_t begin, int32_t end, char *bytes) {
    int32_t len = 0;
    bool whole = is_emoji(name, begin, end);
    UChar32 before = 0;
    for (int32_t i = begin; i < end;) {
        UChar32 c, after = 0;
        U16_NEXT(name->in.at, i, end, c);
        if (i < name->in.len) U16_GET(name->in.at, begin, i, name->in.len, after);
        if (!whole && !take_point(name, before, c, after)) {
            if (!name->mends) return -1;
            continue;
        }
        if (len + U8_MAX_LENGTH > UNITS_MAX) return refuse(name, c, "at most 63 bytes") - 1;
        U8_APPEND_UNSAFE(bytes, len, c);
        before = c;
    }
    return len;
}

/* False: it is full. */
static bool append(struct name *name, const char *bytes, int32_t len) {
    bool blank = name->blank && name->len > 0;
    if (name->characters + blank >= TEXT_NAME_CHARACTERS_MAX)
        return refuse(name, 0, "at most 32 characters");
    if (name->len + blank + (size_t)len >= TEXT_NAME_MAX)
        return refuse(name, 0, "at most 63 bytes");
    if (blank) name->out[name->len++] = ' ';
    memcpy(name->out + name->len, bytes, (size_t)len);
    name->len += (size_t)len;
    name->characters += 1 + blank;
    name->blank = false;
    return true;
}

static bool is_space(const struct name *name, int32_t begin) {
    UChar32 c;
    U16_GET(name->in.at, 0, begin, name->in.len, c);
    return kind_of(c) & U_GC_ZS_MASK;
}

static bool take_name(struct name *name) {
    static char bytes[UNITS_MAX];
    UErrorCode error = U_ZERO_ERROR;
    ubrk_setText(tables.characters, name->in.at, name->in.len, &error);
    if (U_FAILURE(error)) return refuse(name, 0, "text");
    int32_t begin = ubrk_first(tables.characters), end;
    for (; (end = ubrk_next(tables.characters)) != UBRK_DONE; begin = end) {
        if (is_space(name, begin)) {
            name->blank = true;
            begin += 1; /* marks that hang on a blank are checked like others */
        }
        int32_t len = begin < end ? take_character(name, begin, end, bytes) : 0;
        if (len < 0) return false;
        if (len > 0 && !append(name, bytes, len)) return name->mends;
    }
    return true;
}

/* UTF-8 to UTF-16, normalised. */
static bool read_name(struct name *name, const char *text) {
    UChar raw[INPUT_BYTES_MAX];
    int32_t raw_len = 0;
    UErrorCode error = U_ZERO_ERROR;
    size_t len = strnlen(text, INPUT_BYTES_MAX);
    if (len == INPUT_BYTES_MAX && !name->mends) return refuse(name, 0, "at most 63 bytes");
    if (name->mends)
        u_strFromUTF8WithSub(raw, INPUT_BYTES_MAX, &raw_len, text, (int32_t)len, 0xFFFD, NULL,
                             &error);
    else
        u_strFromUTF8(raw, INPUT_BYTES_MAX, &raw_len, text, (int32_t)len, &error);
    if (U_FAILURE(error)) return refuse(name, 0, "UTF-8");
    name->in.len = unorm2_normalize(tables.nfkc, raw, raw_len, name->in.at, UNITS_MAX, &error);
    return U_SUCCESS(error) || refuse(name, 0, "at most 63 bytes");
}

static bool make_name(struct name *name, const char *text, char out[TEXT_NAME_MAX]) {
    name->out = out;
    out[0] = '\0';
    if (text_init() || !read_name(name, text) || !take_name(name)) return false;
    out[name->len] = '\0';
    return name->len > 0 || refuse(name, 0, "something to be seen");
}

bool text_name(const char *text, char out[TEXT_NAME_MAX], char *why, size_t why_size) {
    static struct name name;
    char kept[TEXT_NAME_MAX];
    name = (struct name){0};
    bool good = make_name(&name, text, kept);
    if (good) {
        memcpy(out, kept, name.len + 1);
    } else if (name.found) {
        snprintf(why, why_size, "expected %s, found U+%04X", name.expected, (unsigned)name.found);
    } else {
        snprintf(why, why_size, "expected %s", name.expected ? name.expected : "a name");
    }
    return good;
}

bool text_name_mend(const char *text, char out[TEXT_NAME_MAX]) {
    static struct name name;
    char left[TEXT_NAME_MAX], why[96];
    name = (struct name){.mends = true};
    /* What stood apart may meet now, so what is left is looked at again. */
    return make_name(&name, text, left) && text_name(left, out, why, sizeof why);
}

void text_name_number(const char *name, uint32_t number, char out[TEXT_NAME_MAX]) {
    char candidate[TEXT_NAME_MAX + 16], why[96];
    size_t len = strlen(name);
    do {
        snprintf(candidate, sizeof candidate, "%.*s (%u)", (int)len, name, number);
    } while (!text_name(candidate, out, why, sizeof why) && len-- > 0);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool breaks_line(UChar32 c) {
    return (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_noncharacter(UChar32 c) {
    return u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT);
}

/* in_flag: behind a black flag and nothing but tags, which spell a region. */
static bool fits_line(UChar32 c, bool in_flag) {
    if (c == ZWJ || c == ZWNJ) return true;
    if (c >= TAG_FIRST && c <= TAG_LAST) return in_flag;
    return !(kind_of(c) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK | U_GC_CO_MASK)) &&
           !is_noncharacter(c);
}

static bool is_seen(UChar32 c) {
    const uint32_t unseen = U_GC_Z_MASK | U_GC_MN_MASK | U_GC_ME_MASK;
    return !(kind_of(c) & unseen) && !is_ignorable(c) && !is_blank_symbol(c);
}

bool text_line_mend(char *text) {
    int32_t len = (int32_t)strlen(text), i = 0, kept = 0;
    uint32_t marks = 0;
    bool seen = false, in_flag = false, was_break = false;
    while (i < len) {
        UChar32 c;
        U8_NEXT(text, i, len, c);
        if (c < 0) continue;
        bool is_break = breaks_line(c);
        if (is_break && was_break) continue;
        was_break = is_break;
        if (is_break) c = ' ';
        in_flag = c == BLACK_FLAG || (in_flag && c >= TAG_FIRST && c <= TAG_LAST);
        marks = is_mark(c) ? marks + 1 : 0;
        if (!fits_line(c, in_flag) || marks > MARKS_MAX) continue;
        U8_APPEND_UNSAFE(text, kept, c);
        seen = seen || is_seen(c);
    }
    text[kept] = '\0';
    return seen;
}

static bool is_utf8(const char *text, int32_t len) {
    UChar32 c = 0;
    for (int32_t i = 0; i < len && c >= 0;) U8_NEXT(text, i, len, c);
    return c >= 0;
}

bool text_end_mend(char *text) {
    int32_t len = (int32_t)strlen(text), cut = len;
    while (cut > 0 && len - cut < 3 && U8_IS_TRAIL(text[cut - 1])) cut--;
    if (is_utf8(text, len)) return true;
    if (cut == 0 || !U8_IS_LEAD(text[cut - 1])) return false;
    text[cut - 1] = '\0';
    return is_utf8(text, cut - 1);
}

void text_bytes_mend(char *text) {
    int32_t len = (int32_t)strlen(text), i = 0, kept = 0;
    while (i < len) {
        int32_t from = i;
        UChar32 c;
        U8_NEXT(text, i, len, c);
        if (c < 0) continue;
        memmove(text + kept, text + from, (size_t)(i - from));
        kept += i - from;
    }
    text[kept] = '\0';
}

/* ---- looks ----------------------------------------------------------------------------------- */

/* The letter that somebody reads in a symbol or small capital which Unicode's own tables do not
 * take for one; others are themselves. */
static UChar32 plain(UChar32 c) {
    static const struct {
        UChar32 first, last, letter;
    } alphabets[] = {{0x1F130, 0x1F149, 'a'},  /* squared */
                     {0x1F150, 0x1F169, 'a'},  /* in black circles */
                     {0x1F170, 0x1F189, 'a'},  /* in black squares */
                     {0x1F1E6, 0x1F1FF, 'a'}}; /* of flags */
    static const struct {
        UChar32 from, to;
    } capitals[] = {{0x1D00, 'a'}, {0x0299, 'b'}, {0x1D04, 'c'}, {0x1D05, 'd'}, {0x1D07, 'e'},
                    {0xA730, 'f'}, {0x0262, 'g'}, {0x029C, 'h'}, {0x026A, 'i'}, {0x1D0A, 'j'},
                    {0x1D0B, 'k'}, {0x029F, 'l'}, {0x1D0D, 'm'}, {0x0274, 'n'}, {0x1D0F, 'o'},
                    {0x1D18, 'p'}, {0xA7AF, 'q'}, {0x0280, 'r'}, {0xA731, 's'}, {0x1D1B, 't'},
                    {0x1D1C, 'u'}, {0x1D20, 'v'}, {0x1D21, 'w'}, {0x028F, 'y'}, {0x1D22, 'z'}};
    for (size_t i = 0; i < sizeof alphabets / sizeof alphabets[0]; i++)
        if (c >= alphabets[i].first && c <= alphabets[i].last)
            return alphabets[i].letter + (c - alphabets[i].first);
    for (size_t i = 0; i < sizeof capitals / sizeof capitals[0]; i++)
        if (c == capitals[i].from) return capitals[i].to;
    return c;
}

/* The letter that a digit or sign stands for where words are spelt with them. */
static UChar32 unspell(UChar32 c) {
    static const char signs[] = "!$34578@", letters[] = "lseastba";
    const char *at = c < 128 && c > 0 ? strchr(signs, (int)c) : NULL;
    return at ? letters[at - signs] : c;
}

/* What of a name is looked at. */
enum guise { GUISE_WHOLE, GUISE_UNDECORATED, GUISE_BARE, GUISE_SPELT };

/* Without what nobody sees. UNDECORATED: without punctuation at its ends; BARE: letters, marks and
 * numbers alone; SPELT: the same, and signs are read as letters. */
static void strip(struct units *units, enum guise guise) {
    const uint32_t wanted = U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK;
    int32_t kept = 0, end = 0;
    for (int32_t i = 0; i < units->len;) {
        UChar32 c;
        U16_NEXT(units->at, i, units->len, c);
        if (is_ignorable(c) || is_blank_symbol(c) || (kind_of(c) & U_GC_ME_MASK)) continue;
        c = guise == GUISE_SPELT ? unspell(plain(c)) : plain(c);
        bool is_wanted = guise == GUISE_WHOLE || (kind_of(c) & wanted);
        if (!is_wanted && (guise != GUISE_UNDECORATED || kept == 0)) continue;
        U16_APPEND_UNSAFE(units->at, kept, c);
        if (is_wanted) end = kept;
    }
    units->len = end;
}

static void fold(struct units *units) {
    static struct units out;
    UErrorCode error = U_ZERO_ERROR;
    out.len = u_strFoldCase(out.at, UNITS_MAX, units->at, units->len, U_FOLD_CASE_DEFAULT, &error);
    if (U_SUCCESS(error)) *units = out;
}

static void draw(struct units *units) {
    static struct units out;
    UErrorCode error = U_ZERO_ERROR;
    out.len = uspoof_getSkeleton(tables.spoof, 0, units->at, units->len, out.at, UNITS_MAX, &error);
    if (U_SUCCESS(error)) *units = out;
}

static uint64_t hash(const struct units *units) {
    return XXH3_64bits(units->at, (size_t)units->len * sizeof units->at[0]);
}

/* UTS 39 has a capital I and a small l drawn alike, which case folding takes apart again. */
static void merge_strokes(struct units *units) {
    for (int32_t i = 0; i < units->len; i++)
        if (units->at[i] == 'i' || units->at[i] == 0x131) units->at[i] = 'l';
}

static struct text_look look(const char *text, enum guise guise) {
    static struct name name;
    static struct units units;
    name = (struct name){.mends = true};
    if (text_init() || !read_name(&name, text)) return (struct text_look){0};
    units = name.in;
    strip(&units, guise);
    if (!units.len) units = name.in;
    struct units *u = &units;
    static struct units folded;
    folded = units;
    fold(&folded);
    draw(u); /* capitals look like others than small letters do: before folding and behind it */
    fold(u);
    draw(u);
    fold(u);
    merge_strokes(u);
    return (struct text_look){.drawn = hash(u), .folded = hash(&folded)};
}

struct text_look text_look(const char *name) {
    return look(name, GUISE_WHOLE);
}

struct text_guises text_guises(const char *name) {
    struct text_guises guises;
    for (int i = 0; i < TEXT_GUISES; i++) guises.looks[i] = look(name, (enum guise)i);
    return guises;
}

bool text_alike(struct text_look a, struct text_look b) {
    return a.drawn == b.drawn || a.folded == b.folded;
}

static bool passes_for(const struct text_guises *guises, struct text_look wanted) {
    for (int i = 0; i < TEXT_GUISES; i++)
        if (text_alike(guises->looks[i], wanted)) return true;
    return false;
}

bool text_passes_for(const struct text_guises *guises, const char *other) {
    return passes_for(guises, text_look(other));
}

/* ---- reserved names -------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum text_reserved reserved;
} reserved_names[] = {
    {"server", TEXT_SERVER},  {"system", TEXT_SERVER},       {"console", TEXT_SERVER},
    {"admin", TEXT_STAFF},    {"administrator", TEXT_STAFF}, {"moderator", TEXT_STAFF},
    {"operator", TEXT_STAFF}, {"staff", TEXT_STAFF},
};
#define RESERVED_COUNT (sizeof reserved_names / sizeof reserved_names[0])

static const struct text_look *reserved_looks(void) {
    static struct text_look looks[RESERVED_COUNT];
    static bool is_made;
    for (size_t i = 0; !is_made && i < RESERVED_COUNT; i++)
        looks[i] = text_look(reserved_names[i].name);
    is_made = text_init() == MUSTER_OK;
    return looks;
}

enum text_reserved text_reserved(const struct text_guises *guises) {
    const struct text_look *looks = reserved_looks();
    for (size_t i = 0; i < RESERVED_COUNT; i++)
        if (passes_for(guises, looks[i])) return reserved_names[i].reserved;
    return TEXT_FREE;
}
