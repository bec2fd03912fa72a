/* trim - what only the start has needed goes back to the system.
 *
 * Loading a library touches its tables of symbols and relocations, and the kernel maps what lies
 * around each touch: three quarters of what an idle server would hold.
 */
#ifndef TRIM_H
#define TRIM_H

/* Pages of programs and libraries that nobody has written to are let go, and come back from the
 * file when they are used, at a microsecond for 16 of them; free heap is given back. For the end of
 * the start. Loop thread; no library may be unloaded meanwhile. Without /proc only the heap. */
void trim_memory(void);

#endif
