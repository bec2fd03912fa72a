/* shared - JSON objects that several hold: equal ones are there once. The settings of lobbies and
 * their matches, most of which are as their mode has them. Loop thread.
 */
#ifndef SHARED_H
#define SHARED_H

#include <jansson.h>

/* own is taken. What comes back is equal, and is changed by shared_put alone; a new reference. */
json_t *shared_object(json_t *own);
/* value is taken. Who else holds the object sees what it was. */
void shared_put(json_t **object, const char *key, json_t *value);
/* Nothing is looked at any more for being equal. */
void shared_forget(void);

#endif
