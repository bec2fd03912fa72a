/* testkit_put.h - one field of what the testkit shows, put in the place of what is there. */
#ifndef TESTKIT_PUT_H
#define TESTKIT_PUT_H

#include <muster_testkit.h>

#define LOBBY_PUT(kit, id, field, value)                                                           \
    do {                                                                                           \
        struct muster_lobby_info put_info = *testkit_lobby(kit, id);                               \
        put_info.field = value;                                                                    \
        testkit_lobby_set(kit, id, &put_info);                                                     \
    } while (0)
#define LOBBY_PUT_TEXT(kit, id, field, text)                                                       \
    do {                                                                                           \
        struct muster_lobby_info put_info = *testkit_lobby(kit, id);                               \
        snprintf(put_info.field, sizeof put_info.field, "%s", text);                               \
        testkit_lobby_set(kit, id, &put_info);                                                     \
    } while (0)
#define MEMBER_PUT(kit, id, player_id, field, value)                                               \
    do {                                                                                           \
        struct muster_member_info put_info = *testkit_member(kit, id, player_id);                  \
        put_info.field = value;                                                                    \
        testkit_member_set(kit, id, player_id, &put_info);                                         \
    } while (0)

#endif
