// effects - what flashes up in a fight and goes again: shots, bursts, hits, deaths. It goes by the
// clock, whether or not anything is drawn.

export const LIFE_MS = { shot: 150, burst: 420, mark: 160, pain: 320, damage: 700, death: 600 };
const EFFECTS_MAX = 256;

/** Those that last at that time or are yet to come; bounded, the newest stay. */
export function lasting(effects, now) {
    return effects.filter(({ type, at }) => now - at < LIFE_MS[type]).slice(-EFFECTS_MAX);
}
