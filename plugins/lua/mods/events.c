/* events - the list as a table; see events.h. */
#include "events.h"

#include <string.h>

#define EVENT_ROW(NAME, name, kind, realms, signature, text)                                       \
    {name, EVENT_##kind, REALM_##realms, signature, text},
const struct event_info event_table[EVENT_COUNT] = {EVENT_MAP(EVENT_ROW)};

enum event event_find(const char *name) {
    int i = 0;
    while (i < EVENT_COUNT && strcmp(event_table[i].name, name) != 0) i++;
    return (enum event)i;
}

const char *event_kind_name(enum event_kind kind) {
    static const char *const names[] = {"", "notify", "veto", "filter", "collect"};
    return names[kind];
}

bool event_is_gate(enum event event) {
    return event_table[event].kind == EVENT_VETO || event == EVENT_CHAT;
}
