// camera - which part of the map lies where on the screen. What the HUD covers is known to it: the
// own avatar stands in what is clear, at the edge of the map, too. Screen in pixels, map in units.

const MARGIN_UNITS = 192; // of nothing that is shown beyond the map
const FIGHT_UNITS = 640; // around the own avatar that shall be clear, where there is room

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

/** What is free from top to bottom, as [top, bottom]. */
function gapsBetween(boxes, height) {
    const gaps = [];
    let free = 0;
    for (const { top, bottom } of [...boxes].sort((a, b) => a.top - b.top)) {
        if (top > free) gaps.push([free, Math.min(top, height)]);
        free = Math.max(free, bottom);
    }
    if (free < height) gaps.push([free, height]);
    return gaps;
}

function areaOf({ left, top, right, bottom }) {
    return (right - left) * (bottom - top);
}

/**
 * The rectangle without any box that has most room around the middle of the screen, and of those
 * with enough (pixels), the largest.
 *
 * @param {{width: number, height: number}} size
 * @param {Box[]} boxes
 * @param {number} enough
 * @returns {Box}
 */
export function clearArea({ width, height }, boxes, enough) {
    const room = ({ left, top, right, bottom }) => Math.min(enough, width / 2 - left,
        right - width / 2, height / 2 - top, bottom - height / 2);
    let best = { left: 0, top: 0, right: 0, bottom: 0 };
    let found = -Infinity;
    const consider = (area) => {
        const here = room(area);
        if (here < found || (here === found && areaOf(area) <= areaOf(best))) return;
        best = area;
        found = here;
    };
    for (const left of [0, ...boxes.map((box) => box.right)]) {
        for (const right of [width, ...boxes.map((box) => box.left)]) {
            if (left >= right) continue;
            const between = boxes.filter((box) => box.left < right && box.right > left);
            for (const [top, bottom] of gapsBetween(between, height)) {
                consider({ left, top, right, bottom });
            }
        }
    }
    return found === -Infinity ? { left: 0, top: 0, right: width, bottom: height } : best;
}

/** Room that the fight wants around the own avatar, in pixels. */
export function fightPixels(scale) {
    return FIGHT_UNITS * scale;
}

/**
 * One axis: what of the map is at the middle of the screen, when the target shall stand there or
 * where it is clear, and no more than a margin beyond the map is in the clear part.
 *
 * @param {number} target units
 * @param {number} mapSize units
 * @param {{length: number, from: number, to: number}} screen pixels: all of it, and what is clear
 * @param {number} scale pixels a unit
 */
export function lookAt(target, mapSize, { length, from, to }, scale) {
    const middle = length / 2;
    const inset = Math.min(fightPixels(scale), (to - from) / 2);
    const wanted = target + (middle - clamp(middle, from + inset, to - inset)) / scale;
    const least = (middle - from) / scale - MARGIN_UNITS;
    const most = mapSize + MARGIN_UNITS - (to - middle) / scale;
    return least > most ? (least + most) / 2 : clamp(wanted, least, most);
}
