/* crowd - see crowd.h. */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "play.h"
#include "talk.h"

#define INPUT_INTERVAL_US 50000u
#define ON_THE_WAY_MAX 32u
#define LOOK_EVERY_US 1000u           /* for who is due; under load there are many more turns */
#define ARRIVAL_PATIENCE_US 30000000u /* for the next one */
#define ARRIVAL_MAX_US 240000000u     /* for all of them */
#define LEAVE_PATIENCE_US 2000000u

uint64_t crowd_now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

double crowd_cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

double crowd_waited_s(void) {
    FILE *file = fopen("/proc/self/schedstat", "r");
    unsigned long long waited_ns = 0;
    if (file && fscanf(file, "%*u %llu", &waited_ns) != 1) waited_ns = 0;
    if (file) fclose(file);
    return (double)waited_ns / 1e9;
}

static bool is_stopped(const struct crowd *crowd) {
    return crowd->stop && *crowd->stop;
}

static void turn_due(struct crowd *crowd) {
    crowd->next_look_us = crowd->world.now_us + LOOK_EVERY_US;
    for (uint32_t i = 0; i < crowd->started; i++)
        if (crowd->players[i].due_us <= crowd->world.now_us) player_on_due(&crowd->players[i]);
}

void crowd_turn(struct crowd *crowd) {
    struct epoll_event events[256];
    int n = epoll_wait(crowd->world.epoll_fd, events, 256, 1);
    crowd->world.now_us = crowd_now_us();
    for (int i = 0; i < n; i++) player_on_events(events[i].data.ptr, events[i].events);
    if (crowd->world.now_us >= crowd->next_look_us) turn_due(crowd);
}

void crowd_run(struct crowd *crowd, uint32_t ms) {
    uint64_t end = crowd_now_us() + (uint64_t)ms * 1000u;
    do crowd_turn(crowd);
    while (crowd->world.now_us < end && !is_stopped(crowd));
}

void crowd_measure(struct crowd *crowd, uint32_t ms) {
    crowd->world.measuring = true;
    crowd_run(crowd, ms);
    crowd->world.measuring = false;
    for (uint32_t i = 0; i < crowd->started; i++) play_on_measured(&crowd->players[i]);
}

uint32_t crowd_online(const struct crowd *crowd) {
    uint32_t online = 0;
    for (uint32_t i = 0; i < crowd->started; i++)
        online +=
            crowd->players[i].phase >= PLAYER_FINDING && crowd->players[i].phase <= PLAYER_SEATED;
    return online;
}

static void start_next(struct crowd *crowd) {
    struct player *players = crowd->players;
    while (crowd->first_on_the_way < crowd->started &&
           players[crowd->first_on_the_way].phase >= PLAYER_FINDING)
        crowd->first_on_the_way++;
    if (crowd->started < crowd->players_max &&
        crowd->started - crowd->first_on_the_way < ON_THE_WAY_MAX)
        player_start(&players[crowd->started++]);
}

/* Each has come into a match once, or never will. */
static bool all_settled(const struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->players_max; i++)
        if (!crowd->players[i].has_arrived && crowd->players[i].phase != PLAYER_FAILED)
            return false;
    return true;
}

static void say_who_is_missing(struct crowd *crowd) {
    struct player_world *world = &crowd->world;
    uint32_t away = crowd->started - crowd_online(crowd);
    int at =
        snprintf(world->failure, sizeof world->failure,
                 "%u players came into no match in time: ", crowd->players_max - world->arrived);
    if (away)
        snprintf(world->failure + at, sizeof world->failure - (size_t)at,
                 "%u have no connection: %s", away, world->loss);
    else
        snprintf(world->failure + at, sizeof world->failure - (size_t)at,
                 "no lobby is free (lobby.maxLobbies), or the server takes no more");
}

bool crowd_arrive(struct crowd *crowd) {
    struct player_world *world = &crowd->world;
    uint64_t end = crowd_now_us() + ARRIVAL_MAX_US;
    uint64_t deadline = crowd_now_us() + ARRIVAL_PATIENCE_US;
    bool settled;
    while (!(settled = all_settled(crowd)) && crowd_now_us() < deadline && !is_stopped(crowd)) {
        uint32_t arrived = world->arrived;
        start_next(crowd);
        crowd_turn(crowd);
        if (world->arrived > arrived) deadline = world->now_us + ARRIVAL_PATIENCE_US;
        if (deadline > end) deadline = end;
    }
    if (!settled && !is_stopped(crowd) && !world->failure[0]) say_who_is_missing(crowd);
    return settled && !world->failure[0];
}

static bool all_gone(const struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->started; i++)
        if (crowd->players[i].phase == PLAYER_LEAVING && crowd->players[i].wire.fd >= 0)
            return false;
    return true;
}

void crowd_leave(struct crowd *crowd) {
    uint64_t deadline = crowd_now_us() + LEAVE_PATIENCE_US;
    for (uint32_t i = 0; i < crowd->started; i++)
        if (crowd->players[i].wire.fd >= 0 && crowd->players[i].phase > PLAYER_AUTHENTICATING)
            talk_leave(&crowd->players[i]);
    while (!all_gone(crowd) && crowd_now_us() < deadline) crowd_turn(crowd);
}

struct sockaddr_storage crowd_loopback(uint16_t port) {
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_storage to = {0};
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memcpy(&to, &loopback, sizeof loopback);
    return to;
}

bool crowd_open(struct crowd *crowd) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    crowd->world.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    crowd->players = calloc(crowd->players_max, sizeof *crowd->players);
    if (crowd->world.epoll_fd < 0 || !crowd->players) return false;
    if (!crowd->world.game_mode) crowd->world.game_mode = "arena";
    if (!crowd->world.input_interval_us) crowd->world.input_interval_us = INPUT_INTERVAL_US;
    for (uint32_t i = 0; i < crowd->players_max; i++)
        player_init(&crowd->players[i], &crowd->world, i);
    return true;
}

void crowd_close(struct crowd *crowd) {
    for (uint32_t i = 0; crowd->players && i < crowd->players_max; i++)
        player_end(&crowd->players[i]);
    free(crowd->players);
    match_set_free(&crowd->world.started);
    match_set_free(&crowd->world.ended);
    close(crowd->world.epoll_fd);
}
