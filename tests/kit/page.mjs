// page - a page of the browser client in a real Chromium, on a server of its own.
//
// Environment: MUSTERD names the server's binary, CHROMIUM the browser.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { PATIENCE_MS, PLUGINS, startServer } from "./harness.mjs";
import { MOD_PLUGINS, startModServer } from "./mods.mjs";
import { Conversation } from "./openrpc.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const KEYS = [["KeyD", 1, 0], ["KeyA", -1, 0], ["KeyS", 0, 1], ["KeyW", 0, -1]];

/** Those of a server with the page; and with rules and modes in scripts. */
export const PAGE_PLUGINS = [...PLUGINS, "service_web"];
export const SCRIPT_PLUGINS = [...MOD_PLUGINS, "service_web"];

/** One person starts a match, and it goes on until a test ends it. */
export function configOf({ plugins = PAGE_PLUGINS, lobby = {}, ...rest } = {}) {
    return {
        lobby: {
            playersMin: 1, countdownMs: 500, scoreboardMs: 15000, restartVotesMin: 1,
            defaults: ["botFill=8", "killLimit=0", "timeLimit=0"], ...lobby,
        },
        plugins,
        ...rest,
    };
}

/** A wire between browser and server that can be cut, and led to another server. */
export async function startWire(t, port) {
    const pairs = new Set();
    const wire = { far: port };
    const listener = net.createServer((near) => {
        const far = net.connect(wire.far, "127.0.0.1");
        const pair = [near, far];
        pairs.add(pair);
        near.pipe(far).pipe(near);
        for (const socket of pair) {
            socket.on("error", () => {});
            socket.on("close", () => {
                pairs.delete(pair);
                near.destroy();
                far.destroy();
            });
        }
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    wire.cut = () => {
        for (const pair of pairs) for (const socket of pair) socket.destroy();
    };
    /** Nothing comes any more, and nobody is told; until release(). */
    wire.hold = () => {
        for (const [, far] of pairs) far.unpipe().pause();
    };
    wire.release = () => {
        for (const [near, far] of pairs) far.pipe(near);
    };
    t.after(() => {
        wire.cut();
        listener.close();
    });
    wire.url = `http://127.0.0.1:${listener.address().port}/`;
    return wire;
}

/** A proxy that has the server below a path, as a site with other pages would: its URL there. */
export async function startFolder(t, port, path) {
    const below = (url) => (url.startsWith(path) ? `/${url.slice(path.length)}` : null);
    const proxy = http.createServer((request, response) => {
        const place = below(request.url);
        if (place === null) return response.writeHead(404).end();
        const { method, headers } = request;
        const far = http.request({ port, path: place, method, headers }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        far.on("error", () => response.destroy());
        request.pipe(far);
    });
    proxy.on("upgrade", (request, near) => {
        const far = net.connect(port, "127.0.0.1");
        for (const [one, other] of [[near, far], [far, near]]) {
            one.on("error", () => {});
            one.on("close", () => other.destroy());
        }
        const place = below(request.url);
        if (place === null) return near.destroy();
        const lines = request.rawHeaders.map((text, i) => (i % 2 ? `${text}\r\n` : `${text}: `));
        far.write(`GET ${place} HTTP/1.1\r\n${lines.join("")}\r\n`);
        near.pipe(far).pipe(near);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    t.after(() => {
        proxy.closeAllConnections();
        proxy.close();
    });
    return `http://127.0.0.1:${proxy.address().port}${path}`;
}

/** One Chromium serves the tests of a file. */
let browser;
after(async () => (await browser)?.close());

/** Faults of the page: what nobody caught, and what the content security policy stopped. */
export function watchFaults(page) {
    page.setDefaultTimeout(PATIENCE_MS);
    const faults = [];
    page.on("pageerror", (error) => faults.push(error.stack));
    page.on("console", (message) => {
        if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    return faults;
}

/** Holds what pages are told to docs/openrpc.json. Answers the errors that it found. */
function watchWire(context) {
    const errors = [];
    const onSocket = (socket) => {
        const conversation = new Conversation();
        socket.on("framesent", ({ payload }) => conversation.said(payload));
        socket.on("framereceived", ({ payload }) => {
            try {
                conversation.heard(payload);
            } catch (error) {
                errors.push(error);
            }
        });
    };
    context.on("page", (page) => page.on("websocket", onSocket));
    return errors;
}

/** A blank page in a browser of somebody's own: it shares nothing but with pages of its context. */
export async function blankPage(t, view = {}) {
    browser ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    const context = await (await browser).newContext({ viewport: { width: 1280, height: 720 }, ...view });
    const errors = watchWire(context);
    t.after(async () => {
        await context.close();
        if (errors.length > 0) throw errors[0];
    });
    const page = await context.newPage();
    return { context, page, faults: watchFaults(page) };
}

export async function openPage(t, url, view) {
    const all = await blankPage(t, view);
    await all.page.goto(url);
    return all;
}

/** Server, wire, and a page on the welcome screen. */
export async function setUp(t, { config = configOf(), mods, view } = {}) {
    const server = await (mods ? startModServer(t, mods, { config }) : startServer(t, { config }));
    const wire = await startWire(t, server.port);
    return { server, wire, ...(await openPage(t, wire.url, view)) };
}

/** Goes by that name to the list of lobbies. */
export async function browse(page, name) {
    await page.fill("#play-form [name=displayName]", name);
    await page.click("#browse");
    await page.waitForSelector("#lobbies");
}

export async function playAsGuest(page, name) {
    await page.fill("#play-form [name=displayName]", name);
    await page.click("#play-now");
    await inMatch(page);
}

export const inMatch = (page) => page.waitForFunction(() => window.muster.world?.tick > 5);

export const isAlive = (page) => page.waitForFunction(() => {
    const { game, world } = window.muster;
    return world.avatars.get(game.seat)?.alive;
});

/** Own avatar as the server tells it. */
export const ownAvatar = (page) => page.evaluate(() => {
    const { game, world } = window.muster;
    return { ...world.avatars.get(game.seat) };
});

/** Has the server moved the own avatar from there in that direction? False at a wall or when shot. */
export async function hasMoved(page, from, dx, dy) {
    try {
        await page.waitForFunction(({ x, y, dx, dy }) => {
            const { game, world } = window.muster;
            const own = world.avatars.get(game.seat);
            return own.alive && (own.x - x) * dx + (own.y - y) * dy > 100;
        }, { x: from.x, y: from.y, dx, dy }, { timeout: 3000 });
        return true;
    } catch {
        return false;
    }
}

async function walks(page, [key, dx, dy]) {
    await isAlive(page);
    const from = await ownAvatar(page);
    await page.keyboard.down(key);
    const moved = await hasMoved(page, from, dx, dy);
    await page.keyboard.up(key);
    return moved;
}

export async function walksSomewhere(page) {
    for (let i = 0; i < 12; i++) if (await walks(page, KEYS[i % KEYS.length])) return true;
    return false;
}

export const bannerSays = (page, pattern) => page.waitForFunction(
    (source) => !document.getElementById("banner").hidden &&
        new RegExp(source).test(document.getElementById("banner-text").textContent),
    pattern.source);

export const toastSays = (page, text) => page.waitForSelector(`#toasts >> text=${text}`);

/** How much red and blue there is in a square of units around a place: sums over its pixels. */
export const look = (page, x, y, side) => page.evaluate(({ x, y, side }) => {
    const { game } = window.muster;
    const canvas = document.getElementById("canvas");
    const scale = Math.max(canvas.width, canvas.height) / (24 * 256);
    const ratio = canvas.width / canvas.clientWidth;
    const size = Math.round(side * scale);
    const left = Math.round(game.input.centre.x * ratio + (x - game.own.x) * scale - size / 2);
    const top = Math.round(game.input.centre.y * ratio + (y - game.own.y) * scale - size / 2);
    const { data } = canvas.getContext("2d").getImageData(left, top, size, size);
    const sum = { red: 0, blue: 0 };
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] > data[i + 2] + 60) sum.red++;
        if (data[i + 2] > data[i] + 60) sum.blue++;
    }
    return sum;
}, { x, y, side });

/** Zones and items as the canvas tells them; null when there are none. */
export const objectivesSeen = (page) => page.evaluate(() =>
    JSON.parse(document.getElementById("canvas").dataset.objectives || "null"));

/** What the HUD says of them. */
export const objectiveLines = (page) => page.locator("#objectives li").allTextContents();
