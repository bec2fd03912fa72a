// objectives - zones and items of the arena: how they look on the canvas, and what the HUD and the
// tests read of them.

import { TEAM_SIGNS, signPath } from "./team_shape.js";

const TEAMS = ["", "red", "blue"];
const COLOURS = ["#ffc857", "#ff6b5e", "#4da3ff"];
const NOBODYS = "#b6c2d1";
const TURN = Math.PI * 2;
const SEAT_NONE = 255;
const STAND_UNITS = 70; // radius of what an item stands on
const GLYPH_UNITS = 190;

const zoneColour = (zone) => (zone.team ? COLOURS[zone.team] : NOBODYS);
const itemColour = (item) => COLOURS[item.team] ?? COLOURS[0];

/** "the blue flag", "the golden_ball" as "the golden ball" */
function itemName({ kind, team }) {
    const word = kind.replaceAll("_", " ").trim();
    const colour = TEAMS[team];
    return `the ${colour && !word.includes(colour) ? `${colour} ` : ""}${word}`;
}

function ring(context, { x, y }, radius, colour, width, part = 1) {
    context.beginPath();
    context.arc(x, y, Math.max(0, radius), -TURN / 4, TURN * (part - 0.25));
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
}

function drawZone(context, zone) {
    const colour = zoneColour(zone);
    context.globalAlpha = 0.16;
    context.beginPath();
    context.arc(zone.x, zone.y, zone.radius, 0, TURN);
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 0.5;
    ring(context, zone, zone.radius, colour, 12);
    context.globalAlpha = 1;
    if (zone.progress) ring(context, zone, zone.radius - 22, colour, 30, zone.progress / 100);
}

function drawLabel(context, zone) {
    const size = Math.min(170, Math.max(80, zone.radius * 0.32));
    context.globalAlpha = 0.75;
    context.font = `700 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillStyle = zoneColour(zone);
    context.fillText(TEAM_SIGNS[zone.team] + zone.label, zone.x, zone.y + size * 0.35);
    context.globalAlpha = 1;
}

/** Glyphs stand on (0, 0) and are 1 high, y downwards. */
const GLYPHS = {
    flag(context) {
        context.fillStyle = "#e8edf4";
        context.fillRect(-0.32, -1, 0.09, 1);
        context.beginPath();
        context.moveTo(-0.23, -1);
        context.quadraticCurveTo(0.05, -1.08, 0.42, -0.92);
        context.lineTo(0.42, -0.46);
        context.quadraticCurveTo(0.05, -0.6, -0.23, -0.48);
    },
    crown(context) {
        context.beginPath();
        for (const [x, y] of [[-0.45, -0.1], [-0.5, -0.75], [-0.22, -0.42], [0, -0.9],
            [0.22, -0.42], [0.5, -0.75], [0.45, -0.1]]) context.lineTo(x, y);
    },
    box(context) {
        context.beginPath();
        context.rect(-0.38, -0.8, 0.76, 0.76);
    },
};

function drawGlyph(context, item, x, y, size) {
    const shape = Object.keys(GLYPHS).find((name) => item.kind.includes(name)) ?? "box";
    context.save();
    context.translate(x, y);
    context.scale(size, size);
    GLYPHS[shape](context);
    context.closePath();
    context.fillStyle = itemColour(item);
    context.fill();
    context.strokeStyle = "#05080c";
    context.lineWidth = 0.06;
    context.lineJoin = "round";
    context.stroke();
    signPath(context, item.team, 0.06, -0.68, 0.17);
    context.fillStyle = "#05080c";
    context.fill();
    context.restore();
}

/** In units. */
export function drawZones(context, world) {
    for (const zone of world.zones.values()) drawZone(context, zone);
}

/** In units: what zones are called, what items stand on, and those that nobody carries. */
export function drawItems(context, world) {
    for (const zone of world.zones.values()) drawLabel(context, zone);
    for (const item of world.items.values()) {
        const colour = itemColour(item);
        context.globalAlpha = item.atHome ? 0.7 : 0.3;
        ring(context, { x: item.homeX, y: item.homeY }, STAND_UNITS, colour, 14);
        context.globalAlpha = 1;
        if (item.carrier !== SEAT_NONE) continue;
        if (!item.atHome) ring(context, item, STAND_UNITS * 0.7, "#ffffff66", 10);
        drawGlyph(context, item, item.x, item.y + 30, GLYPH_UNITS);
    }
}

/** In pixels: what a seat carries, side by side above (x, y). */
export function drawCarried(context, world, seat, x, y, size) {
    const carried = [...world.items.values()].filter(({ carrier }) => carrier === seat);
    carried.forEach((item, n) =>
        drawGlyph(context, item, x + (n - (carried.length - 1) / 2) * size * 1.2, y, size));
}

/** What the HUD says: [{text, team}], team a word or "". */
export function objectiveLines(game) {
    const { zones, items, avatars } = game.world;
    const level = avatars.get(game.seat)?.level;
    const lines = level ? [{ text: `Level ${level}`, team: "" }] : [];
    for (const { id, label, team, progress } of zones.values()) {
        const name = label || `Zone ${id}`;
        const owner = TEAMS[team] || "nobody's";
        lines.push({ text: `${name}: ${owner}, ${progress} %`, team: TEAMS[team] });
    }
    for (const item of items.values()) {
        if (item.atHome) continue;
        const name = itemName(item);
        const { carrier } = item;
        const text = carrier === SEAT_NONE ? `${name} lies about`
            : carrier === game.seat ? `You have ${name}` : `${game.nameOf(carrier)} has ${name}`;
        lines.push({ text: text[0].toUpperCase() + text.slice(1), team: TEAMS[item.team] });
    }
    return lines;
}

/** Short JSON of the objectives, for tests; "" when there are none. */
export function objectivesText({ zones, items }) {
    if (!zones.size && !items.size) return "";
    return JSON.stringify({
        zones: [...zones.values()].map(({ id, label, team, progress }) =>
            ({ id, label, team, progress })),
        items: [...items.values()].map(({ id, kind, team, carrier, atHome }) =>
            ({ id, kind, team, carrier, atHome })),
    });
}
