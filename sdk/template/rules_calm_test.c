/* rules_calm_test - words in the chat, spectators, and the number for a hit. */
#include "need.h"

#include <muster_testkit.h>
#include <string.h>

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_config_set(plugin, "words", "darn,heck"), testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));

    muster_lobby_id lobby = testkit_lobby_add(kit, (struct muster_lobby_info){.players_max = 2});
    muster_player_id ann = testkit_player_add(kit, "ann", "Ann");
    muster_player_id bob = testkit_player_add(kit, "bob", "Bob");
    need(testkit_member_add(kit, lobby, ann, 0, MUSTER_TEAM_NONE), testkit_error(kit));
    need(testkit_member_add(kit, lobby, bob, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE),
         testkit_error(kit));

    testkit_rpc(kit, ann, "lobby.chat", "{\"text\": \"Darn, darned HECK\"}");
    need(testkit_told_find(kit, "****, darned ****"), "the words are not starred out");
    need(!testkit_rpc(kit, bob, "lobby.chat", "{\"text\": \"hi\"}").code[0], "Bob may not talk");
    need(testkit_setting_set(kit, "rulesCalmSpectatorChat", "false"), testkit_error(kit));
    struct testkit_rpc refused = testkit_rpc(kit, bob, "lobby.chat", "{\"text\": \"hi\"}");
    need(strcmp(refused.reason, "spectator") == 0, "a spectator talks");

    need(testkit_setting_set(kit, "rulesCalmDamage", "50"), testkit_error(kit));
    const struct testkit_match_options options = {.seats_max = 2, .lobby = lobby};
    muster_match_id match = testkit_match_create(kit, NULL, &options);
    const struct muster_param hit = {.size = sizeof hit, .name = "damage"};
    const struct muster_param other = {.size = sizeof other, .name = "speed"};
    testkit_match_steer(kit, match, true);
    need(testkit_host(kit)->match->adjust(plugin, match, &hit, 30) == 15, "it hits as hard");
    need(testkit_host(kit)->match->adjust(plugin, match, &other, 30) == 30, "it slows down");
    testkit_match_steer(kit, match, false);

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
