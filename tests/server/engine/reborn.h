/* reborn - save, load, step = step, for all that is shipped: modes in C and in Lua, rules in Lua,
 * victories. Each game is played twice with the same seed, inputs and messages; in its second life
 * the match is saved now and then, and goes on as one that was made anew and has loaded it.
 */
#ifndef REBORN_H
#define REBORN_H

#include "play.h"

void reborn_all(struct play *play);

#endif
