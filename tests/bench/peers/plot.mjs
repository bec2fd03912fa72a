// plot - the figures of ./dev bench peers as bars: SVG that needs nothing else, on light and dark pages.

const LEFT = 190;
const PANEL = 190;
const BAR = 13;
const GAP = 12; // between two runs
const TOP = 44;
const WIDTH_MAX = PANEL - 60; // room for the number
const FILLS = { raw: "#8b949e", muster: "#2f81f7", colyseus: "#d29922" };
const TEXT = "#768390"; // reads on white and on black

const PANELS = [
    { title: "CPU, µs a snapshot", value: ({ steady }) => steady.cpuUsPerSnapshot },
    { title: "interval p99, ms", value: ({ steady }) => steady.intervalP99Ms },
    { title: "first snapshot after, ms", value: ({ firstSnapshotP50Ms }) => firstSnapshotP50Ms },
    { title: "memory, KB a room", value: ({ roomKb }) => roomKb },
];

const word = (x, y, text, extra = "") => `<text x="${x}" y="${y}" ${extra}>${text}</text>`;

const short = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0));

/** The upper edge of each row: those of one run stand together. */
function rowEdges(all, title) {
    let y = TOP;
    return all.map((found, i) => {
        if (i > 0) y += title(found) === title(all[i - 1]) ? BAR + 2 : BAR + GAP;
        return y;
    });
}

function panel({ title, value }, at, all, edges) {
    const most = Math.max(...all.map(value));
    const bars = all.map((found, i) => {
        const width = Math.max(1, (value(found) / most) * WIDTH_MAX).toFixed(1);
        const bar = `<rect x="${at}" y="${edges[i]}" width="${width}" height="${BAR}" fill="${FILLS[found.name]}"/>`;
        return bar + word(at + Number(width) + 4, edges[i] + BAR - 3, short(value(found)));
    });
    return [word(at, TOP - 16, title, 'font-weight="bold"'), ...bars].join("\n");
}

function label(found, i, all, edges, { title, heldPercent }) {
    const lost = heldPercent(found) < 99 ? ` (${heldPercent(found).toFixed(0)} % held)` : "";
    const name = word(LEFT - 8, edges[i] + BAR - 3, found.name + lost, 'text-anchor="end"');
    const begins = i === 0 || title(found) !== title(all[i - 1]);
    return begins ? word(0, edges[i] + BAR - 3, title(found), 'font-weight="bold"') + name : name;
}

/** The whole file. title and heldPercent: what a run is called, and how many snapshots came. */
export function plot(all, words) {
    const edges = rowEdges(all, words.title);
    const width = LEFT + PANELS.length * PANEL;
    const height = edges.at(-1) + BAR + 8;
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" ` +
            `font-size="11" fill="${TEXT}">`,
        `<title>muster, Colyseus and a server that only receives and sends: shorter is better</title>`,
        ...all.map((found, i) => label(found, i, all, edges, words)),
        ...PANELS.map((one, i) => panel(one, LEFT + i * PANEL, all, edges)),
        "</svg>\n",
    ].join("\n");
}
