#include "posts.h"

#include <pthread.h>
#include <stdlib.h>

#include "loop.h"

/* Owned by its place in the loop's queue, which frees it, however long its plugin is gone. */
struct post {
    struct post *next; /* of the same plugin */
    struct muster_self *self;
    muster_post_fn fn;
    void *user;
    bool is_over; /* loop thread */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all lists */

static void run(const struct post *post) {
    plugin_enter(post->self, "post");
    post->fn(post->user);
    plugin_leave();
}

static void on_turn(void *user) {
    struct post *post = user;
    if (!post->is_over) {
        pthread_mutex_lock(&lock);
        post->self->posts.first = post->next; /* they are run in the order in which they came */
        pthread_mutex_unlock(&lock);
        run(post);
    }
    free(post);
}

muster_status posts_add(struct muster_self *self, muster_post_fn fn, void *user) {
    struct post *post = malloc(sizeof *post);
    if (!post) return MUSTER_NO_MEMORY;
    *post = (struct post){.self = self, .fn = fn, .user = user};
    pthread_mutex_lock(&lock);
    struct post_list *posts = &self->posts;
    muster_status status = posts->is_closed ? MUSTER_CLOSED : loop_post(on_turn, post);
    if (status == MUSTER_OK) {
        if (posts->first)
            posts->last->next = post;
        else
            posts->first = post;
        posts->last = post;
    }
    pthread_mutex_unlock(&lock);
    if (status) free(post);
    return status;
}

void posts_close(struct muster_self *self, bool wanted) {
    pthread_mutex_lock(&lock);
    struct post *post = self->posts.first;
    self->posts = (struct post_list){.is_closed = true};
    pthread_mutex_unlock(&lock);
    for (; post; post = post->next) {
        post->is_over = true;
        if (wanted) run(post);
    }
}
