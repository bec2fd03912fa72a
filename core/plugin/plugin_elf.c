/* plugin_elf - looks into a shared object before it is opened, for code that dlopen would run.
 *
 * Two things are let through, by what they are and not by their number: what gcc's crtbegin and
 * crti put into every shared object (an _init in section .init, the entry frame_dummy of the init
 * array), if they are linked, which is seen by a dynamic symbol that only crtbegin asks for and
 * that stripping leaves; and the entry of Rust's standard library that keeps the program's
 * arguments, if the file's symbols say so. Functions that are chosen when the file is opened
 * (ifuncs) are refused all. It is a guard against mistakes, not against malice.
 */
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plugin_load.h"

#define SEGMENTS_MAX 64
#define SECTIONS_MAX 4096
#define DYNAMIC_MAX 4096
#define SYMBOL_BYTES 192    /* of its name, cut */
#define ENTRIES_MAX 64      /* of an init array */
#define INIT_SECTION_MAX 64 /* bytes; the one of crti.o has about 24 */

#if UINTPTR_MAX != UINT64_MAX
#error "muster is built for 64-bit machines"
#endif

struct elf_view {
    const uint8_t *data;
    size_t len;
    Elf64_Ehdr header;
};

struct init_facts {
    uint64_t init;             /* DT_INIT, or 0 */
    uint64_t init_array;       /* DT_INIT_ARRAY */
    uint64_t init_array_bytes; /* DT_INIT_ARRAYSZ */
    bool preinit;
};

static bool view_read(const struct elf_view *view, uint64_t at, void *out, size_t bytes) {
    if (at > view->len || bytes > view->len - at) return false;
    memcpy(out, view->data + at, bytes);
    return true;
}

static bool header_read(struct elf_view *view) {
    if (!view_read(view, 0, &view->header, sizeof view->header)) return false;
    const Elf64_Ehdr *h = &view->header;
    return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == ELFCLASS64 &&
           h->e_type == ET_DYN && h->e_phentsize == sizeof(Elf64_Phdr) &&
           h->e_phnum <= SEGMENTS_MAX;
}

/* The dynamic segment, or false when there is none. */
static bool dynamic_find(const struct elf_view *view, Elf64_Phdr *out) {
    for (uint32_t i = 0; i < view->header.e_phnum; i++) {
        uint64_t at = view->header.e_phoff + (uint64_t)i * sizeof *out;
        if (at < view->header.e_phoff || !view_read(view, at, out, sizeof *out)) return false;
        if (out->p_type == PT_DYNAMIC) return true;
    }
    return false;
}

static bool facts_read(const struct elf_view *view, struct init_facts *facts) {
    Elf64_Phdr segment;
    if (!dynamic_find(view, &segment)) return false;
    for (uint64_t i = 0; i < DYNAMIC_MAX && i < segment.p_filesz / sizeof(Elf64_Dyn); i++) {
        Elf64_Dyn entry;
        uint64_t at = segment.p_offset + i * sizeof entry;
        if (at < segment.p_offset || !view_read(view, at, &entry, sizeof entry)) return false;
        if (entry.d_tag == DT_NULL) return true;
        if (entry.d_tag == DT_INIT) facts->init = entry.d_un.d_ptr;
        if (entry.d_tag == DT_INIT_ARRAY) facts->init_array = entry.d_un.d_ptr;
        if (entry.d_tag == DT_INIT_ARRAYSZ) facts->init_array_bytes = entry.d_un.d_val;
        if (entry.d_tag == DT_PREINIT_ARRAYSZ && entry.d_un.d_val) facts->preinit = true;
    }
    return false;
}

/* ---- sections: a file without their headers cannot tell what its constructors are
 * ---------------- */

/* The i-th section header; false at the end. */
static bool section_read(const struct elf_view *view, uint32_t i, Elf64_Shdr *out) {
    const Elf64_Ehdr *h = &view->header;
    uint64_t at = h->e_shoff + (uint64_t)i * sizeof *out;
    return h->e_shentsize == sizeof *out && i < h->e_shnum && i < SECTIONS_MAX &&
           at >= h->e_shoff && view_read(view, at, out, sizeof *out);
}

/* The text at `at` of a string section, cut at cap; "": there is none. */
static void text_read(const struct elf_view *view, uint32_t section, uint64_t at, char *out,
                      uint32_t cap) {
    Elf64_Shdr texts;
    uint32_t len = 0;
    if (section_read(view, section, &texts) && texts.sh_offset + at >= at)
        while (len + 1 < cap && view_read(view, texts.sh_offset + at + len, out + len, 1) &&
               out[len])
            len++;
    out[len] = '\0';
}

/* Is `init` the start of the small section .init that crti.o and crtn.o make? */
static bool init_is_usual(const struct elf_view *view, uint64_t init) {
    Elf64_Shdr section;
    char name[sizeof ".init" + 1];
    for (uint32_t i = 0; section_read(view, i, &section); i++) {
        if (section.sh_addr != init || section.sh_size > INIT_SECTION_MAX) continue;
        text_read(view, view->header.e_shstrndx, section.sh_name, name, sizeof name);
        if (strcmp(name, ".init") == 0) return true;
    }
    return false;
}

typedef bool (*symbol_fn)(const Elf64_Sym *symbol, const char *name, uint64_t wanted);

/* Is there a symbol of a table of this type that fits? */
static bool symbol_find(const struct elf_view *view, uint32_t type, symbol_fn fits,
                        uint64_t wanted) {
    Elf64_Shdr table;
    char name[SYMBOL_BYTES];
    for (uint32_t i = 0; section_read(view, i, &table); i++) {
        if (table.sh_type != type) continue;
        for (uint64_t n = 0; n < table.sh_size / sizeof(Elf64_Sym); n++) {
            Elf64_Sym symbol;
            if (!view_read(view, table.sh_offset + n * sizeof symbol, &symbol, sizeof symbol))
                return false;
            if (wanted && symbol.st_value != wanted) continue;
            text_read(view, table.sh_link, symbol.st_name, name, sizeof name);
            if (fits(&symbol, name, wanted)) return true;
        }
    }
    return false;
}

/* crtbegin's register_tm_clones, which frame_dummy jumps to, asks for it. */
static bool is_of_crtbegin(const Elf64_Sym *symbol, const char *name, uint64_t wanted) {
    (void)wanted;
    return symbol->st_shndx == SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) == STB_WEAK &&
           strcmp(name, "_ITM_registerTMCloneTable") == 0;
}

/* The function of std::sys::args that keeps argc and argv: mangled in the way of either age. */
static bool is_of_rust_std(const Elf64_Sym *symbol, const char *name, uint64_t wanted) {
    bool is_std = strncmp(name, "_ZN3std3sys", 11) == 0 ||
                  (strncmp(name, "_RN", 3) == 0 && strstr(name, "_3std3sys"));
    return symbol->st_value == wanted && is_std && strstr(name, "15ARGV_INIT_ARRAY12init_wrapper");
}

/* ---- relocations: what the loader does to the file ---------------------------------------------
 */

typedef bool (*rela_fn)(const Elf64_Rela *rela, uint64_t wanted);

/* The first relocation that fits. */
static bool rela_find(const struct elf_view *view, rela_fn fits, uint64_t wanted, Elf64_Rela *out) {
    Elf64_Shdr section;
    for (uint32_t i = 0; section_read(view, i, &section); i++) {
        if (section.sh_type != SHT_RELA) continue;
        for (uint64_t n = 0; n < section.sh_size / sizeof *out; n++) {
            if (!view_read(view, section.sh_offset + n * sizeof *out, out, sizeof *out))
                return false;
            if (fits(out, wanted)) return true;
        }
    }
    return false;
}

static bool is_of_type(const Elf64_Rela *rela, uint64_t type) {
    return ELF64_R_TYPE(rela->r_info) == type;
}

static bool is_ifunc(const Elf64_Sym *symbol, const char *name, uint64_t wanted) {
    (void)name;
    (void)wanted;
    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
}

/* Has it functions whose resolvers the loader calls? One that the file keeps to itself is a
 * relocation, one that others may use a symbol. */
static bool has_ifuncs(const struct elf_view *view) {
    uint64_t type = view->header.e_machine == EM_AARCH64 ? R_AARCH64_IRELATIVE : R_X86_64_IRELATIVE;
    Elf64_Rela rela;
    return rela_find(view, is_of_type, type, &rela) || symbol_find(view, SHT_DYNSYM, is_ifunc, 0);
}

/* ---- the init array -------------------------------------------------------------------------- */

static bool is_at(const Elf64_Rela *rela, uint64_t address) {
    return rela->r_offset == address;
}

/* The function that the loader will put at this address; 0: it cannot be told. */
static uint64_t entry_function(const struct elf_view *view, uint64_t address) {
    Elf64_Rela rela;
    if (!rela_find(view, is_at, address, &rela)) return 0;
    return ELF64_R_SYM(rela.r_info) == 0 ? (uint64_t)rela.r_addend : 0;
}

/* Those that are neither crtbegin's nor Rust's. */
static uint64_t entries_own(const struct elf_view *view, const struct init_facts *facts,
                            bool has_crtbegin) {
    uint64_t count = facts->init_array_bytes / sizeof(uint64_t) +
                     (facts->init_array_bytes % sizeof(uint64_t) != 0);
    uint64_t known = has_crtbegin ? 1 : 0; /* one of them, be it the first or the last */
    if (count > ENTRIES_MAX) return count;
    for (uint64_t i = 0; i < count && count > known; i++) {
        uint64_t function = entry_function(view, facts->init_array + i * sizeof(uint64_t));
        known += function && symbol_find(view, SHT_SYMTAB, is_of_rust_std, function);
    }
    return count > known ? count - known : 0;
}

muster_status plugin_elf_check(const uint8_t *data, size_t len, char *error, uint32_t cap) {
    struct elf_view view = {.data = data, .len = len};
    struct init_facts facts = {0};
    if (!header_read(&view) || !facts_read(&view, &facts)) {
        snprintf(error, cap, "not a 64-bit ELF shared object");
        return MUSTER_INVALID;
    }
    if (has_ifuncs(&view)) {
        snprintf(error, cap,
                 "it has ELF ifuncs (target_clones makes them, too), whose resolvers would run "
                 "before the host has checked it: choose the function in init");
        return MUSTER_DENIED;
    }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return MUSTER_OK; /* a sanitizer registers its globals by constructors */
#endif
    bool has_crtbegin = symbol_find(&view, SHT_DYNSYM, is_of_crtbegin, 0);
    bool own_code = facts.preinit || entries_own(&view, &facts, has_crtbegin) > 0 ||
                    (facts.init && !(has_crtbegin && init_is_usual(&view, facts.init)));
    if (own_code) {
        snprintf(
            error, cap,
            "it has ELF constructors, or what cannot be told from them, which would run before "
            "the host has checked it: move that code into init");
        return MUSTER_DENIED;
    }
    return MUSTER_OK;
}
