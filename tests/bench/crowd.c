/* crowd - see crowd.h. */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ON_THE_WAY_MAX 32u
#define ARRIVAL_PATIENCE_US 120000000u

uint64_t crowd_now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

void crowd_turn(struct crowd *crowd) {
    struct epoll_event events[256];
    int n = epoll_wait(crowd->world.epoll_fd, events, 256, 1);
    crowd->world.now_us = crowd_now_us();
    for (int i = 0; i < n; i++) player_on_events(events[i].data.ptr, events[i].events);
    for (uint32_t i = 0; i < crowd->started; i++)
        if (crowd->players[i].due_us <= crowd->world.now_us) player_on_due(&crowd->players[i]);
}

void crowd_run(struct crowd *crowd, uint32_t ms) {
    uint64_t end = crowd_now_us() + (uint64_t)ms * 1000u;
    do crowd_turn(crowd);
    while (crowd->world.now_us < end);
}

static bool all_in_match(const struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->players_max; i++)
        if (!crowd->players[i].in_match) return false;
    return true;
}

static void start_next(struct crowd *crowd) {
    struct player *players = crowd->players;
    while (crowd->first_on_the_way < crowd->started &&
           players[crowd->first_on_the_way].phase >= PLAYER_SEATED)
        crowd->first_on_the_way++;
    if (crowd->started < crowd->players_max &&
        crowd->started - crowd->first_on_the_way < ON_THE_WAY_MAX)
        player_start(&players[crowd->started++]);
}

bool crowd_arrive(struct crowd *crowd) {
    uint64_t deadline = crowd_now_us() + ARRIVAL_PATIENCE_US;
    while (!all_in_match(crowd)) {
        start_next(crowd);
        crowd_turn(crowd);
        if (crowd->world.failure[0]) return false;
        if (crowd->world.now_us > deadline) {
            snprintf(crowd->world.failure, sizeof crowd->world.failure,
                     "not all players came into a match");
            return false;
        }
    }
    return true;
}

bool crowd_open(struct crowd *crowd, uint16_t port) {
    struct rlimit files;
    if (!crowd->world.game_mode) crowd->world.game_mode = "arena";
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    crowd->world.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    crowd->world.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    crowd->world.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    crowd->players = calloc(crowd->players_max, sizeof *crowd->players);
    if (crowd->world.epoll_fd < 0 || !crowd->players) return false;
    for (uint32_t i = 0; i < crowd->players_max; i++)
        player_init(&crowd->players[i], &crowd->world, i);
    return true;
}

void crowd_close(struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->players_max; i++) player_end(&crowd->players[i]);
    free(crowd->players);
    close(crowd->world.epoll_fd);
}
