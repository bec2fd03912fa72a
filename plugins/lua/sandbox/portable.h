/* portable - elementary functions that give the same bits on every processor and libc. */
#ifndef LUA_PORTABLE_MATH_H
#define LUA_PORTABLE_MATH_H

#include <stdbool.h>

double portable_exp(double x);
double portable_log(double x);
double portable_log_base(double x, double base);
double portable_pow(double x, double y);
double portable_sin(double x);
double portable_cos(double x);
double portable_tan(double x);
double portable_asin(double x);
double portable_acos(double x);
double portable_atan2(double y, double x);

#endif
