#ifndef LUA_STORAGE_H
#define LUA_STORAGE_H
struct storage;
#endif
