/* trig.c - angles in integers: the same on every machine, for the match, replays and bots. */
#include "state.h"

/* sin of a quarter turn in 256 steps, 16384 = 1. */
static const int16_t quarter_sine[257] = {
    0,     101,   201,   302,   402,   503,   603,   704,   804,   904,   1005,  1105,  1205,
    1306,  1406,  1506,  1606,  1706,  1806,  1906,  2006,  2105,  2205,  2305,  2404,  2503,
    2603,  2702,  2801,  2900,  2999,  3098,  3196,  3295,  3393,  3492,  3590,  3688,  3786,
    3883,  3981,  4078,  4176,  4273,  4370,  4467,  4563,  4660,  4756,  4852,  4948,  5044,
    5139,  5235,  5330,  5425,  5520,  5614,  5708,  5803,  5897,  5990,  6084,  6177,  6270,
    6363,  6455,  6547,  6639,  6731,  6823,  6914,  7005,  7096,  7186,  7276,  7366,  7456,
    7545,  7635,  7723,  7812,  7900,  7988,  8076,  8163,  8250,  8337,  8423,  8509,  8595,
    8680,  8765,  8850,  8935,  9019,  9102,  9186,  9269,  9352,  9434,  9516,  9598,  9679,
    9760,  9841,  9921,  10001, 10080, 10159, 10238, 10316, 10394, 10471, 10549, 10625, 10702,
    10778, 10853, 10928, 11003, 11077, 11151, 11224, 11297, 11370, 11442, 11514, 11585, 11656,
    11727, 11797, 11866, 11935, 12004, 12072, 12140, 12207, 12274, 12340, 12406, 12472, 12537,
    12601, 12665, 12729, 12792, 12854, 12916, 12978, 13039, 13100, 13160, 13219, 13279, 13337,
    13395, 13453, 13510, 13567, 13623, 13678, 13733, 13788, 13842, 13896, 13949, 14001, 14053,
    14104, 14155, 14206, 14256, 14305, 14354, 14402, 14449, 14497, 14543, 14589, 14635, 14680,
    14724, 14768, 14811, 14854, 14896, 14937, 14978, 15019, 15059, 15098, 15137, 15175, 15213,
    15250, 15286, 15322, 15357, 15392, 15426, 15460, 15493, 15525, 15557, 15588, 15619, 15649,
    15679, 15707, 15736, 15763, 15791, 15817, 15843, 15868, 15893, 15917, 15941, 15964, 15986,
    16008, 16029, 16049, 16069, 16088, 16107, 16125, 16143, 16160, 16176, 16192, 16207, 16221,
    16235, 16248, 16261, 16273, 16284, 16295, 16305, 16315, 16324, 16332, 16340, 16347, 16353,
    16359, 16364, 16369, 16373, 16376, 16379, 16381, 16383, 16384, 16384,
};

static int32_t quarter(uint32_t angle) { /* 0 to 16384: a quarter turn */
    uint32_t index = angle >> 6;
    if (index >= 256) return quarter_sine[256];
    int32_t low = quarter_sine[index], high = quarter_sine[index + 1];
    return low + (((high - low) * (int32_t)(angle & 63)) >> 6);
}

static int32_t sine(uint16_t angle) {
    uint32_t within = angle & 16383u;
    switch (angle >> 14) {
    case 0: return quarter(within);
    case 1: return quarter(16384u - within);
    case 2: return -quarter(within);
    default: return -quarter(16384u - within);
    }
}

void trig_direction(uint16_t aim, int32_t *dx, int32_t *dy) {
    *dx = sine((uint16_t)(aim + 16384u));
    *dy = sine(aim);
}

/* CORDIC: turns the vector onto +x and adds up the turns. */
uint16_t trig_angle(int32_t dx, int32_t dy) {
    static const uint16_t turns[14] = {8192, 4836, 2555, 1297, 651, 326, 163,
                                       81,   41,   20,   10,   5,   3,   1};
    uint16_t angle = 0;
    int64_t x = (int64_t)dx * 1024, y = (int64_t)dy * 1024;
    if (x < 0) {
        x = -x;
        y = -y;
        angle = 32768;
    }
    for (int i = 0; i < 14; i++) {
        int64_t shifted_x = x >> i, shifted_y = y >> i;
        bool up = y > 0;
        x += up ? shifted_y : -shifted_y;
        y -= up ? shifted_x : -shifted_x;
        angle = (uint16_t)(up ? angle + turns[i] : angle - turns[i]);
    }
    return angle;
}

int32_t trig_isqrt(int64_t value) {
    uint64_t rest = value > 0 ? (uint64_t)value : 0, root = 0, bit = UINT64_C(1) << 62;
    while (bit > rest) bit >>= 2;
    for (; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (int32_t)root;
}
