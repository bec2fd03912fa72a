// What a player sees and reaches: a phone upright and across with nothing over the own avatar, the
// page below a path of a host, all of it by keyboard, a line that is silent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../kit/harness.mjs";
import {
    bannerSays, blankPage, configOf, inMatch, isAlive, playAsGuest, setUp, startFolder, walksSomewhere,
} from "../kit/page.mjs";

const PHONES = { upright: { width: 390, height: 844 }, across: { width: 844, height: 390 } };
const FRAMES = 60;

/**
 * In the page, frame by frame: which parts of the HUD, and of what lies over it, touch the own avatar
 * or half a tile around it. First where it stands, then led along the rim of the map, where the
 * camera has the least choice.
 */
const coverings = (page, frames) => page.evaluate(async (count) => {
    const { game } = window.muster;
    const canvas = document.getElementById("canvas");
    const scale = Math.max(canvas.clientWidth, canvas.clientHeight) / (24 * 256);
    const around = (game.rules.playerRadius + 128) * scale;
    const found = new Set();
    const shown = () => [...document.querySelectorAll(
        "#hud *, #votes *, #notices *, #toasts *")]
        .filter((element) => !element.matches(".hud-top"))
        .map((element) => [element, element.getBoundingClientRect()])
        .filter(([, { width, height }]) => width > 0 && height > 0);
    const onScreen = canvas.getBoundingClientRect();
    const lookAround = (what) => {
        const { x, y } = game.input.centre;
        const { clientWidth, clientHeight } = canvas;
        const [left, top] = [onScreen.left + x, onScreen.top + y];
        const touches = (box) => box.right > left - around && box.left < left + around &&
            box.bottom > top - around && box.top < top + around;
        for (const [element, box] of shown()) {
            if (touches(box)) found.add(`${what}: ${element.id || element.outerHTML}`);
        }
        if (x < around || y < around || x > clientWidth - around || y > clientHeight - around) {
            found.add(`${what}: the rim of the screen`);
        }
    };
    for (let frame = 0; frame < count; frame++) {
        await new Promise(requestAnimationFrame);
        lookAround("where it stands");
    }
    const { width, height } = game.map;
    const viewOf = game.viewOf.bind(game);
    for (let step = 0; step < 4 * 8; step++) {
        const [side, part] = [step >> 3, (step & 7) / 7];
        const [u, v] = [[part, 0], [1, part], [1 - part, 1], [0, 1 - part]][side];
        const at = { x: (1.5 + u * (width - 3)) * 256, y: (1.5 + v * (height - 3)) * 256, aim: 0 };
        game.viewOf = (avatar) => (avatar.seat === game.seat ? at : viewOf(avatar));
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        lookAround(`at tile ${at.x >> 8}, ${at.y >> 8}`);
    }
    delete game.viewOf;
    return [...found];
}, frames);

const framesPass = (page, count) => page.evaluate(async (frames) => {
    for (let i = 0; i < frames; i++) await new Promise(requestAnimationFrame);
}, count);

/** Lines of the chat that are cut through: how much of each is to be seen, in lines of text. */
const cutLines = (page) => page.evaluate(() => {
    const log = document.getElementById("chat-log");
    const { top, bottom } = log.getBoundingClientRect();
    return [...log.children].map((line) => {
        const box = line.getBoundingClientRect();
        const seen = Math.min(bottom, box.bottom) - Math.max(top, box.top);
        return Math.max(0, seen) / parseFloat(getComputedStyle(line).lineHeight);
    }).filter((lines) => Math.abs(lines - Math.round(lines)) > 0.05);
});

/** What can be pressed or written into, and lies under something else: with what covers it. */
const covered = (page) => page.evaluate(() => {
    const canvas = document.getElementById("canvas");
    const found = [];
    for (const element of document.querySelectorAll("button, input, select, a, summary")) {
        const { left, top, width, height } = element.getBoundingClientRect();
        if (!element.checkVisibility({ visibilityProperty: true }) || width === 0) continue;
        for (const [u, v] of [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8]]) {
            const above = document.elementFromPoint(left + u * width, top + v * height);
            if (!above || above === canvas || element.contains(above)) continue;
            if (above.contains(element)) continue; // a rounded corner
            found.push(`${element.id || element.textContent} under ${above.id || above.outerHTML}`);
        }
    }
    return found;
});

const LONG_TEXT = "the server rests at ten for an hour; what is played then is lost, so end in time";

/** The longest announcement of a page, and whatever else may stand above the screen. */
async function tellAll(page, server) {
    await server.admin(`say ${LONG_TEXT}`);
    await server.admin(`warn ${await page.evaluate(() => window.muster.client.session.playerId)} ${LONG_TEXT}`);
    await page.waitForSelector("#announcement");
    await page.waitForSelector("#warning");
    await page.evaluate(() => {
        const text = "You still hold a seat in a match on another device.";
        document.getElementById("banner-text").textContent = text;
        document.getElementById("banner").hidden = false;
    });
}

async function closeAll(page) {
    await page.click("#announcement-close");
    await page.click("#warning-close");
    await page.evaluate(() => {
        document.getElementById("banner").hidden = true;
    });
}

test("a phone, the page below a path: nothing lies over the own avatar", async (t) => {
    const server = await startServer(t, { config: configOf() });
    const address = await startFolder(t, server.port, "/game/");
    const { page, faults } = await blankPage(t, { viewport: PHONES.upright, hasTouch: true, isMobile: true });
    page.on("response", (response) => {
        if (!response.ok() && response.status() !== 101 && response.status() !== 304) {
            faults.push(`${response.status()} ${response.url()}`);
        }
    });
    await page.goto(address);
    await playAsGuest(page, "Ada");
    await page.evaluate(() => window.muster.client.chat("a line of words that takes some room"));
    for (const line of ["two", "three", "four"]) {
        await page.evaluate((text) => window.muster.client.chat(text), line);
    }
    await page.waitForSelector("#chat-log >> text=four");
    await page.evaluate(() => { // as kills would
        document.getElementById("feed").innerHTML = `<li><span class="red">Somebody</span>
            <span class="with">launcher</span><span class="blue">Somebody else</span></li>`.repeat(5);
    });
    await page.waitForSelector("#controls");
    assert.deepEqual(await coverings(page, FRAMES), []);
    assert.ok(await walksSomewhere(page));
    await page.setViewportSize(PHONES.across);
    await page.waitForFunction((width) =>
        document.getElementById("canvas").clientWidth === width, PHONES.across.width);
    await isAlive(page);
    assert.deepEqual(await coverings(page, FRAMES), []);
    assert.deepEqual(await cutLines(page), []);
    await tellAll(page, server);
    assert.deepEqual(await covered(page), []);
    await page.setViewportSize(PHONES.upright);
    await page.waitForFunction((width) =>
        document.getElementById("canvas").clientWidth === width, PHONES.upright.width);
    assert.deepEqual(await covered(page), []);
    await isAlive(page);
    await framesPass(page, FRAMES); // the picture glides to its place
    assert.deepEqual(await coverings(page, FRAMES), []);
    await page.tap("#show-score");
    await page.waitForSelector("#scoreboard");
    await page.tap("#scoreboard");
    await page.waitForSelector("#scoreboard", { state: "hidden" });
    await closeAll(page);

    const link = await page.evaluate(() => window.muster.client.url);
    assert.equal(link, `${address.replace("http:", "ws:")}ws`);
    await page.reload();
    await inMatch(page);
    assert.deepEqual(faults, []);
});

/** Tab until the wanted element has the focus, and the focus is to be seen. */
async function tabTo(page, id) {
    for (let i = 0; i < 40; i++) {
        const at = await page.evaluate(() => document.activeElement.id);
        if (at === id) {
            assert.equal(await page.evaluate(() =>
                getComputedStyle(document.activeElement).outlineStyle), "solid", `focus on ${id}`);
            return;
        }
        await page.keyboard.press("Tab");
    }
    assert.fail(`#${id} is not reached by Tab`);
}

const aimOf = (page) => page.evaluate(() => window.muster.game.input.aim);

test("by keyboard alone, and a silent line is told", async (t) => {
    const { page, server, wire, faults } = await setUp(t);
    await tabTo(page, "play-now");
    await page.keyboard.press("Enter");
    await inMatch(page);
    await isAlive(page);
    assert.equal(await aimOf(page), 0);
    await page.keyboard.press("KeyL");
    const turned = await aimOf(page);
    assert.ok(turned > 0 && turned < 2000, `a tap turns a little to the right: ${turned}`);
    await page.keyboard.press("KeyK");
    assert.ok(await aimOf(page) >= 32768 + turned, "about");
    await page.keyboard.down("KeyJ");
    await page.waitForFunction(() => window.muster.game.input.aim < 16384);
    await page.keyboard.up("KeyJ");
    const shot = page.waitForFunction(() =>
        window.muster.game.effects.some(({ type, isOwn }) => type === "shot" && isOwn));
    await page.keyboard.down("Space");
    await shot;
    await page.keyboard.up("Space");

    await page.keyboard.press("Escape");
    await tabTo(page, "show-score");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#scoreboard td >> text=bot");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#scoreboard", { state: "hidden" });
    await page.keyboard.press("Escape"); // back to the game
    await page.keyboard.press("Escape");
    await tabTo(page, "show-lobby");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#lobby");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#lobby", { state: "hidden" });
    assert.ok(await walksSomewhere(page), "the keys are the game's again");

    wire.hold();
    await bannerSays(page, /Nothing comes from the server/);
    assert.equal(await page.textContent("#net-state"), "no signal");
    assert.equal(await page.textContent("#net-ping"), "");
    wire.release();
    await page.waitForSelector("#banner", { state: "hidden" });
    assert.equal(await page.textContent("#net-state"), "");

    await page.keyboard.press("Escape");
    await tabTo(page, "leave");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#lobbies");
    await tellAll(page, server);
    assert.deepEqual(await covered(page), []);
    assert.deepEqual(faults, []);
});
