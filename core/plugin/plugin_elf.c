/* plugin_elf - looks into a shared object before it is opened, for code that dlopen would run.
 *
 * What gcc and clang put into every shared object is allowed: an _init in section .init and one
 * entry in the init array (frame_dummy). A constructor of the plugin's own makes a second entry or
 * another DT_INIT. It is a guard against mistakes, not against malice: a plugin is trusted code.
 */
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plugin_load.h"

#define SEGMENTS_MAX 64
#define SECTIONS_MAX 4096
#define DYNAMIC_MAX 4096
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
        if (entry.d_tag == DT_INIT_ARRAYSZ) facts->init_array_bytes = entry.d_un.d_val;
        if (entry.d_tag == DT_PREINIT_ARRAYSZ && entry.d_un.d_val) facts->preinit = true;
    }
    return false;
}

/* Is `init` the start of the small section .init that crti.o and crtn.o make? A file without
 * section headers cannot tell. */
static bool init_is_usual(const struct elf_view *view, uint64_t init) {
    const Elf64_Ehdr *h = &view->header;
    Elf64_Shdr names;
    if (h->e_shentsize != sizeof names || h->e_shnum > SECTIONS_MAX || h->e_shstrndx >= h->e_shnum)
        return false;
    if (!view_read(view, h->e_shoff + (uint64_t)h->e_shstrndx * sizeof names, &names, sizeof names))
        return false;
    for (uint32_t i = 0; i < h->e_shnum; i++) {
        Elf64_Shdr section;
        char name[sizeof ".init"];
        if (!view_read(view, h->e_shoff + (uint64_t)i * sizeof section, &section, sizeof section))
            return false;
        if (section.sh_addr != init || section.sh_size > INIT_SECTION_MAX) continue;
        if (view_read(view, names.sh_offset + section.sh_name, name, sizeof name) &&
            memcmp(name, ".init", sizeof name) == 0)
            return true;
    }
    return false;
}

muster_status plugin_elf_check(const uint8_t *data, size_t len, char *error, uint32_t cap) {
    struct elf_view view = {.data = data, .len = len};
    struct init_facts facts = {0};
    if (!header_read(&view) || !facts_read(&view, &facts)) {
        snprintf(error, cap, "not a 64-bit ELF shared object");
        return MUSTER_INVALID;
    }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return MUSTER_OK; /* a sanitizer registers its globals by constructors */
#endif
    bool own_code = facts.preinit || facts.init_array_bytes > sizeof(void *) ||
                    (facts.init && !init_is_usual(&view, facts.init));
    if (own_code) {
        snprintf(error, cap,
                 "it has ELF constructors, which would run before the host has checked it: move "
                 "that code into init");
        return MUSTER_DENIED;
    }
    return MUSTER_OK;
}
