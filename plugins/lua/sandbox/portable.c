/* portable - elementary functions from nothing but + - * / and sqrt, which IEEE 754 fixes to the
 * last bit: the same result on every processor and with every libc. The build forbids contraction
 * (-ffp-contract=off). Errors are below 2 units in the last place, mostly below 1.
 */
#include "portable.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ---- pairs of doubles: hi + lo with about 100 bits */

struct pair {
    double hi, lo;
};

static struct pair sum_exact(double a, double b) {
    double s = a + b, v = s - a;
    return (struct pair){s, (a - (s - v)) + (b - v)};
}

/* Halves of 26 bits: their products are exact. */
static struct pair split(double a) {
    double c = 134217729.0 * a, hi = c - (c - a); /* 2^27 + 1 */
    return (struct pair){hi, a - hi};
}

static struct pair product_exact(double a, double b) {
    double p = a * b;
    struct pair x = split(a), y = split(b);
    return (struct pair){p, ((x.hi * y.hi - p) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo};
}

static struct pair pair_add(struct pair a, struct pair b) {
    struct pair s = sum_exact(a.hi, b.hi);
    return sum_exact(s.hi, s.lo + (a.lo + b.lo));
}

static struct pair pair_multiply(struct pair a, struct pair b) {
    struct pair p = product_exact(a.hi, b.hi);
    return sum_exact(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static struct pair pair_divide(struct pair a, struct pair b) {
    double q = a.hi / b.hi;
    struct pair p = product_exact(q, b.hi);
    double rest = ((a.hi - p.hi) - p.lo) + a.lo - q * b.lo;
    return sum_exact(q, rest / b.hi);
}

/* ---- constants, as pairs: hi is the nearest double, lo what is left */

static const struct pair LN2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
static const struct pair HALF_PI = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
static const double HALF_PI_TAIL = -0x1.f1976b7ed8fbcp-110;
static const double PI = 0x1.921fb54442d18p+1;

/* m * 2^e, exact but for the last step into the subnormals. */
static double scale(double m, int e) {
    for (; e > 1000; e -= 1000) m *= 0x1p1000;
    for (; e < -1000; e += 1000) m *= 0x1p-1000;
    uint64_t bits = (uint64_t)(e + 1023) << 52;
    double factor;
    memcpy(&factor, &bits, sizeof factor);
    return m * factor;
}

/* x = m * 2^e with m in [sqrt(1/2), sqrt(2)); x positive and finite. */
static double split_exponent(double x, int *e) {
    double m = frexp(x, e); /* [1/2, 1): exact */
    if (m >= 0x1.6a09e667f3bcdp-1) return m;
    --*e;
    return m * 2;
}

/* ---- exp */

/* e^r for |r| <= 0.35 as 1 + r + tail. */
static double exp_tail(double r) {
    double term = 1.0 / 6227020800.0; /* 1/13! downwards */
    static const double inverse[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                     1.0 / 40320,     1.0 / 5040,     1.0 / 720,     1.0 / 120,
                                     1.0 / 24,        1.0 / 6,        1.0 / 2};
    for (int i = 0; i < 11; i++) term = term * r + inverse[i];
    return term * r * r;
}

static double exp_pair(struct pair x) {
    if (x.hi > 709.79) return INFINITY;
    if (x.hi < -745.14) return 0;
    double k = floor(x.hi / LN2.hi + 0.5);
    struct pair step = product_exact(k, LN2.hi);
    struct pair r = pair_add(x, (struct pair){-step.hi, -step.lo - k * LN2.lo});
    struct pair sum = sum_exact(1, r.hi);
    return scale(sum.hi + (sum.lo + (exp_tail(r.hi) + r.lo * (1 + r.hi))), (int)k);
}

double portable_exp(double x) {
    if (isnan(x)) return x;
    if (isinf(x)) return x > 0 ? x : 0;
    return exp_pair((struct pair){x, 0});
}

/* ---- log */

/* log m = 2 atanh((m - 1) / (m + 1)), the first terms as pairs. */
static struct pair log_mantissa(double m) {
    struct pair s = pair_divide((struct pair){m - 1, 0}, sum_exact(m, 1));
    double z = s.hi * s.hi, term = 1.0 / 27;
    for (int n = 25; n >= 5; n -= 2) term = term * z + 1.0 / n;
    struct pair third = pair_divide((struct pair){1, 0}, (struct pair){3, 0});
    struct pair square = pair_multiply(s, s);
    struct pair tail = pair_add(third, pair_multiply(square, (struct pair){term, 0}));
    tail = pair_multiply(pair_multiply(tail, square), s);
    struct pair half = pair_add(s, tail);
    return (struct pair){2 * half.hi, 2 * half.lo};
}

/* x positive and finite. */
static struct pair log_pair(double x) {
    int e;
    double m = split_exponent(x, &e);
    struct pair k = product_exact(e, LN2.hi);
    k.lo += e * LN2.lo;
    return pair_add(k, log_mantissa(m));
}

static double log_special(double x) {
    if (x == 0) return -INFINITY;
    return x < 0 ? NAN : x;
}

double portable_log(double x) {
    if (!(x > 0) || isinf(x)) return log_special(x);
    struct pair log = log_pair(x);
    return log.hi + log.lo;
}

double portable_log_base(double x, double base) {
    if (!(x > 0) || isinf(x) || !(base > 0) || isinf(base) || base == 1)
        return portable_log(x) / portable_log(base);
    struct pair log = pair_divide(log_pair(x), log_pair(base));
    return log.hi + log.lo;
}

/* ---- pow */

static bool is_integer(double y) {
    return floor(y) == y;
}

static bool is_odd(double y) {
    return is_integer(y) && fabs(y) < 0x1p53 && fmod(y, 2) != 0;
}

/* Cases that the logarithm does not cover; false if it does. */
static bool pow_special(double x, double y, double *result) {
    if (y == 0 || x == 1)
        *result = 1;
    else if (isnan(x) || isnan(y))
        *result = NAN;
    else if (isinf(y))
        *result = fabs(x) == 1 ? 1 : (fabs(x) > 1) == (y > 0) ? INFINITY : 0;
    else if (x == 0 || isinf(x))
        *result = copysign((x == 0) == (y > 0) ? 0 : INFINITY, is_odd(y) ? x : 1);
    else if (x < 0 && !is_integer(y))
        *result = NAN;
    else if (x == -1) /* its logarithm is 0, and y may be too large to be split */
        *result = is_odd(y) ? -1 : 1;
    else
        return false;
    return true;
}

/* Small whole powers by squaring, exact wherever the result is. */
static double pow_whole(double x, unsigned n) {
    struct pair result = {1, 0}, square = {x, 0};
    for (; n; n >>= 1) {
        if (n & 1) result = pair_multiply(result, square);
        if (n > 1) square = pair_multiply(square, square);
    }
    return result.hi + result.lo;
}

static bool is_moderate(double x, double n) {
    int e;
    frexp(x, &e);
    return fabs((double)e * n) < 900; /* no product leaves the range in which pairs are exact */
}

double portable_pow(double x, double y) {
    double special;
    if (pow_special(x, y, &special)) return special;
    if (y == 1) return x;
    if (y == 0.5) return sqrt(x);
    if (is_integer(y) && fabs(y) <= 64 && is_moderate(x, y)) {
        double whole = pow_whole(x, (unsigned)fabs(y));
        return y > 0 ? whole : 1 / whole;
    }
    struct pair log = log_pair(fabs(x));
    double rough = log.hi * y, result;
    if (fabs(rough) > 800) {
        result = rough > 0 ? INFINITY : 0;
    } else {
        struct pair product = product_exact(log.hi, y);
        result = exp_pair(sum_exact(product.hi, product.lo + log.lo * y));
    }
    return x < 0 && is_odd(y) ? -result : result;
}

/* ---- sin, cos, tan */

/* For |r| <= pi/4 and r.lo far smaller. */
static double sin_kernel(struct pair r) {
    double z = r.hi * r.hi, term = -1.0 / 121645100408832000.0; /* 1/19! downwards */
    static const double inverse[] = {
        1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800,
        1.0 / 362880,          -1.0 / 5040,          1.0 / 120,        -1.0 / 6};
    for (int i = 0; i < 8; i++) term = term * z + inverse[i];
    return r.hi + (r.hi * z * term + r.lo * (1 - z / 2));
}

static double cos_kernel(struct pair r) {
    double z = r.hi * r.hi, term = 1.0 / 2432902008176640000.0; /* 1/20! downwards */
    static const double inverse[] = {
        -1.0 / 6402373705728000, 1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600,
        -1.0 / 3628800,          1.0 / 40320,          -1.0 / 720,         1.0 / 24};
    for (int i = 0; i < 8; i++) term = term * z + inverse[i];
    struct pair head = sum_exact(1, -z / 2);
    struct pair square = product_exact(r.hi, r.hi);
    return head.hi + (head.lo - square.lo / 2 + (z * z * term - r.hi * r.lo));
}

/* x less the nearest multiple of pi/2; *quarter is that multiple modulo 4. Beyond 2^30 x is first
 * taken modulo 4 times the double nearest to pi/2: exact in itself, though no longer the true
 * angle. No game asks for such angles; all that matters is that all machines agree. */
static struct pair reduce(double x, int *quarter) {
    if (fabs(x) > 0x1p30) x = fmod(x, 4 * HALF_PI.hi);
    double n = floor(x / HALF_PI.hi + 0.5);
    struct pair a = product_exact(n, HALF_PI.hi), b = product_exact(n, HALF_PI.lo);
    struct pair r = sum_exact(x - a.hi, -a.lo);
    r = pair_add(r, (struct pair){-b.hi, -b.lo - n * HALF_PI_TAIL});
    *quarter = (int)(n - 4 * floor(n / 4));
    return r;
}

static double turn(double x, int offset) {
    int quarter;
    if (isnan(x) || isinf(x)) return NAN;
    struct pair r = reduce(x, &quarter);
    quarter = (quarter + offset) % 4;
    double value = quarter % 2 ? cos_kernel(r) : sin_kernel(r);
    return quarter >= 2 ? -value : value;
}

double portable_sin(double x) {
    return x == 0 ? x : turn(x, 0);
}

double portable_cos(double x) {
    return turn(x, 1);
}

double portable_tan(double x) {
    return x == 0 ? x : portable_sin(x) / portable_cos(x);
}

/* ---- asin, acos, atan */

/* For |t| <= tan(pi/16): t - t^3/3 + ... */
static double atan_kernel(double t) {
    double z = t * t, term = 0;
    for (int n = 25; n >= 3; n -= 2) term = term * z + (n % 4 == 1 ? 1.0 : -1.0) / n;
    return t + t * z * term;
}

/* t in [0, 1]: a known angle, and the small rest. */
static double atan_unit(double t) {
    static const double tangents[] = {0, 0x1.975f5e0553158p-3, 0x1.a827999fcef32p-2,
                                      0x1.561b82ab7f99p-1, 1};
    int i = (int)floor(t * 4 + 0.5);
    if (i == 0 || t < 0.1989) return atan_kernel(t);
    double base = tangents[1];
    int n = 1;
    for (int k = 2; k <= 4; k++) {
        if (fabs(t - tangents[k]) >= fabs(t - base)) continue;
        base = tangents[k];
        n = k;
    }
    return n * (PI / 16) + atan_kernel((t - base) / (1 + t * base));
}

double portable_atan2(double y, double x) {
    if (isnan(x) || isnan(y)) return NAN;
    double ax = fabs(x), ay = fabs(y), angle;
    if (ay == 0)
        angle = 0;
    else if (isinf(ax) && isinf(ay))
        angle = PI / 4;
    else
        angle = ay <= ax ? atan_unit(ay / ax) : HALF_PI.hi - (atan_unit(ax / ay) - HALF_PI.lo);
    if (signbit(x)) angle = PI - (angle - 2 * HALF_PI.lo);
    return copysign(angle, y);
}

double portable_asin(double x) {
    return portable_atan2(x, sqrt((1 - x) * (1 + x)));
}

double portable_acos(double x) {
    return portable_atan2(sqrt((1 - x) * (1 + x)), x);
}
