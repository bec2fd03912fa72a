// render - the arena on a canvas: map, objectives, avatars, projectiles, effects, touch sticks.

import { fightPixels, lookAt } from "./camera.js";
import { LIFE_MS, lasting } from "./effects.js";
import { HudBoxes } from "./hud_boxes.js";
import { drawCarried, drawItems, drawZones } from "./objectives.js";
import { bodyPath, signPath } from "./team_shape.js";

const TILE_UNITS = 256;
const TILE_PIXELS = 48; // of the map drawn in advance
const VIEW_UNITS = 24 * TILE_UNITS; // along the longer side of the screen
const TEAM_COLOURS = ["#b6c2d1", "#ff6b5e", "#4da3ff"];
const TEAM_DARK = ["#4c5866", "#7a2a24", "#1d4a80"];
const SPAWN_TINTS = { r: "#ff6b5e22", b: "#4da3ff22" };
const SPAWN_TEAMS = { r: 1, b: 2 };
const AIM_LINE_UNITS = 1500;
const TURN = Math.PI * 2;
const CARRIED_PIXELS = 26;
const REST_INSET = 84; // CSS pixels from the corner to where a touch stick rests
const STICK_PIXELS = 56;

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

function drawTile(context, map, tileX, tileY) {
    const x = tileX * TILE_PIXELS;
    const y = tileY * TILE_PIXELS;
    if (map.isWall(tileX, tileY)) {
        context.fillStyle = "#35435a";
        context.fillRect(x, y, TILE_PIXELS, TILE_PIXELS);
        return;
    }
    context.fillStyle = (tileX + tileY) % 2 ? "#151e2c" : "#192434";
    context.fillRect(x, y, TILE_PIXELS, TILE_PIXELS);
    const tint = SPAWN_TINTS[map.rows[tileY]?.[tileX]];
    if (tint) {
        context.fillStyle = tint;
        context.fillRect(x, y, TILE_PIXELS, TILE_PIXELS);
        signPath(context, SPAWN_TEAMS[map.rows[tileY][tileX]], x + TILE_PIXELS / 2,
            y + TILE_PIXELS / 2, TILE_PIXELS * 0.3);
        context.fill();
    }
}

/** Light from above: walls have a bright upper rim and throw a shadow on the floor below. */
function drawWallEdges(context, map, tileX, tileY) {
    if (!map.isWall(tileX, tileY)) return;
    const x = tileX * TILE_PIXELS;
    const y = tileY * TILE_PIXELS;
    if (!map.isWall(tileX, tileY + 1)) {
        context.fillStyle = "#232e40";
        context.fillRect(x, y + TILE_PIXELS * 0.78, TILE_PIXELS, TILE_PIXELS * 0.22);
        context.fillStyle = "#00000055";
        context.fillRect(x, y + TILE_PIXELS, TILE_PIXELS, TILE_PIXELS * 0.2);
    }
    if (!map.isWall(tileX, tileY - 1)) {
        context.fillStyle = "#5b6f8e";
        context.fillRect(x, y, TILE_PIXELS, 3);
    }
}

function drawMap(map) {
    const canvas = document.createElement("canvas");
    canvas.width = map.width * TILE_PIXELS;
    canvas.height = map.height * TILE_PIXELS;
    const context = canvas.getContext("2d", { alpha: false });
    for (const draw of [drawTile, drawWallEdges]) {
        for (let y = 0; y < map.height; y++) {
            for (let x = 0; x < map.width; x++) draw(context, map, x, y);
        }
    }
    return canvas;
}

/** Where a thumb rests, in CSS pixels. */
function restOf(side, { clientWidth, clientHeight }) {
    const x = side === "move" ? REST_INSET : clientWidth - REST_INSET;
    return { x, y: clientHeight - REST_INSET };
}

function boxAround({ x, y }, radius) {
    return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
}

export class Renderer {
    #canvas;
    #context;
    #map = null;
    #mapImage = null;
    #rules = null;
    #camera = { x: 0, y: 0, scale: 0, target: null };
    #observer;
    #boxes;
    #drawnAt = 0;

    constructor(canvas) {
        this.#canvas = canvas;
        this.#context = canvas.getContext("2d", { alpha: false });
        this.#observer = new ResizeObserver(() => this.#resize());
        this.#observer.observe(canvas);
        this.#boxes = new HudBoxes(canvas);
        this.#resize();
    }

    destroy() {
        this.#boxes.destroy();
        this.#observer.disconnect();
    }

    setMap(map, rules) {
        this.#map = map;
        this.#rules = rules;
        this.#mapImage = drawMap(map);
        this.#camera.target = null;
    }

    draw(game, now) {
        const context = this.#context;
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.fillStyle = "#070a0f";
        context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
        if (!this.#map) return;
        this.#aimCamera(game, now - this.#drawnAt);
        this.#drawnAt = now;
        this.#useWorld();
        context.drawImage(this.#mapImage, 0, 0, this.#map.width * TILE_UNITS,
            this.#map.height * TILE_UNITS);
        drawZones(context, game.world);
        for (const zone of game.world.zones.values()) this.#drawWallsOver(zone);
        drawItems(context, game.world);
        const views = this.#views(game);
        game.effects = lasting(game.effects, now);
        this.#drawEffects(game, views, now, "shot");
        for (const projectile of game.world.projectiles.values()) {
            this.#drawProjectile(projectile, game);
        }
        this.#drawAim(game);
        for (const [avatar, view] of views) this.#drawAvatar(avatar, view, game, now);
        for (const type of ["death", "burst", "damage"]) this.#drawEffects(game, views, now, type);
        this.#useScreen();
        for (const [avatar, view] of views) this.#drawLabel(avatar, view, game);
        this.#drawOverlay(game, now);
    }

    #resize() {
        const ratio = Math.min(2, devicePixelRatio || 1);
        this.#canvas.width = Math.max(1, Math.round(this.#canvas.clientWidth * ratio));
        this.#canvas.height = Math.max(1, Math.round(this.#canvas.clientHeight * ratio));
    }

    #ratio() {
        return this.#canvas.width / Math.max(1, this.#canvas.clientWidth);
    }

    #views(game) {
        const views = [];
        for (const avatar of game.world.avatars.values()) {
            if (avatar.alive) views.push([avatar, game.viewOf(avatar)]);
        }
        return views;
    }

    /** Follow the own avatar; who only watches sees the whole map. */
    #aimCamera(game, deltaMs) {
        const { width, height } = this.#canvas;
        const camera = this.#camera;
        const own = game.world.avatars.get(game.seat);
        const isWhole = game.isSpectator || !own;
        const mapWidth = this.#map.width * TILE_UNITS;
        const mapHeight = this.#map.height * TILE_UNITS;
        const target = isWhole ? { x: mapWidth / 2, y: mapHeight / 2 }
            : own.alive ? game.viewOf(own) : camera.target ?? { x: own.x, y: own.y };
        const clear = this.#clearPart(game, Math.max(width, height) / VIEW_UNITS, deltaMs);
        camera.scale = isWhole
            ? Math.min((clear.right - clear.left) / mapWidth, (clear.bottom - clear.top) / mapHeight)
            : Math.max(width, height) / VIEW_UNITS;
        camera.x = lookAt(target.x, mapWidth,
            { length: width, from: clear.left, to: clear.right }, camera.scale);
        camera.y = lookAt(target.y, mapHeight,
            { length: height, from: clear.top, to: clear.bottom }, camera.scale);
        camera.target = isWhole ? null : target;
        game.input.centre = this.#toScreen(target);
    }

    /** What no part of the HUD and no thumb covers, in pixels of the canvas. */
    #clearPart({ input, isSpectator }, scale, deltaMs) {
        const ratio = this.#ratio();
        const thumbs = input.isTouch && !isSpectator ? ["move", "aim"].map((side) =>
            boxAround(restOf(side, this.#canvas), STICK_PIXELS)) : [];
        const clear = this.#boxes.clear(thumbs, fightPixels(scale / ratio), deltaMs);
        return Object.fromEntries(
            Object.entries(clear).map(([side, at]) => [side, at * ratio]));
    }

    #useWorld() {
        const { x, y, scale } = this.#camera;
        this.#context.setTransform(scale, 0, 0, scale,
            this.#canvas.width / 2 - x * scale, this.#canvas.height / 2 - y * scale);
    }

    #useScreen() {
        const ratio = this.#ratio();
        this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    }

    #toScreen({ x, y }) {
        const { scale } = this.#camera;
        const ratio = this.#ratio();
        return {
            x: ((x - this.#camera.x) * scale + this.#canvas.width / 2) / ratio,
            y: ((y - this.#camera.y) * scale + this.#canvas.height / 2) / ratio,
        };
    }

    #circle(x, y, radius, fill) {
        const context = this.#context;
        context.beginPath();
        context.arc(x, y, Math.max(0, radius), 0, TURN);
        context.fillStyle = fill;
        context.fill();
    }

    #body(team, { x, y }, radius, fill) {
        bodyPath(this.#context, team, x, y, radius);
        this.#context.fillStyle = fill;
        this.#context.fill();
    }

    #ring(x, y, radius, colour, width) {
        const context = this.#context;
        context.beginPath();
        context.arc(x, y, Math.max(0, radius), 0, TURN);
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.stroke();
    }

    /** A zone lies on the floor: the walls stand on it. */
    #drawWallsOver({ x, y, radius }) {
        const first = (at) => Math.max(0, Math.floor((at - radius) / TILE_UNITS));
        const last = (at, size) => Math.min(size - 1, Math.floor((at + radius) / TILE_UNITS));
        for (let tileY = first(y); tileY <= last(y, this.#map.height); tileY++) {
            for (let tileX = first(x); tileX <= last(x, this.#map.width); tileX++) {
                if (!this.#map.isWall(tileX, tileY)) continue;
                this.#context.drawImage(this.#mapImage, tileX * TILE_PIXELS, tileY * TILE_PIXELS,
                    TILE_PIXELS, TILE_PIXELS, tileX * TILE_UNITS, tileY * TILE_UNITS, TILE_UNITS,
                    TILE_UNITS);
            }
        }
    }

    /** Where everybody plays alone: oneself against all others. */
    #teamOf(avatar, game) {
        if (!this.#rules.freeForAll) return avatar.team;
        return avatar.seat === game.seat ? 2 : 1;
    }

    #drawAvatar(avatar, view, game, now) {
        const context = this.#context;
        const radius = this.#rules.playerRadius;
        const isOwn = avatar.seat === game.seat;
        const angle = (view.aim / 256) * TURN;
        const team = this.#teamOf(avatar, game);
        const colour = TEAM_COLOURS[team] ?? TEAM_COLOURS[0];
        this.#circle(view.x + radius * 0.12, view.y + radius * 0.22, radius, "#00000066");
        context.save();
        context.translate(view.x, view.y);
        context.rotate(angle);
        context.fillStyle = "#c9d3e0";
        context.fillRect(radius * 0.3, -radius * 0.18, radius * 1.35, radius * 0.36);
        context.restore();
        this.#body(team, view, radius, TEAM_DARK[team] ?? TEAM_DARK[0]);
        this.#body(team, view, radius * 0.78, colour);
        signPath(context, team, view.x, view.y, radius * 0.45);
        context.fillStyle = "#05080cb0";
        context.fill();
        if (isOwn) this.#ring(view.x, view.y, radius * 1.02, "#ffffff", radius * 0.14);
        if (!avatar.protected) return;
        const wave = reducedMotion.matches ? 0 : Math.sin(now / 120) * radius * 0.1;
        this.#ring(view.x, view.y, radius * 1.45 + wave, "#ffc857", radius * 0.12);
    }

    /** Who aims by keys has no pointer to look at. */
    #drawAim(game) {
        const { input } = game;
        const avatar = game.world.avatars.get(game.seat);
        if (!game.own || !avatar || input.aimBy !== "keys") return;
        const context = this.#context;
        const { x, y } = game.viewOf(avatar);
        const angle = (input.aim / 65536) * TURN;
        context.beginPath();
        context.moveTo(x, y);
        context.lineTo(x + Math.cos(angle) * AIM_LINE_UNITS, y + Math.sin(angle) * AIM_LINE_UNITS);
        context.strokeStyle = "#ffffff66";
        context.lineWidth = 10;
        context.setLineDash([60, 60]);
        context.stroke();
        context.setLineDash([]);
    }

    #drawProjectile(projectile, game) {
        const context = this.#context;
        const ahead = Math.min(1, Math.max(0, game.renderTick + 2 - game.world.tick));
        const x = projectile.x + projectile.vx * 4 * ahead;
        const y = projectile.y + projectile.vy * 4 * ahead;
        context.beginPath();
        context.moveTo(x - projectile.vx * 5, y - projectile.vy * 5);
        context.lineTo(x, y);
        context.strokeStyle = "#ffc85755";
        context.lineWidth = 44;
        context.lineCap = "round";
        context.stroke();
        this.#circle(x, y, 38, "#ffe3a3");
    }

    #drawEffects(game, views, now, type) {
        for (const effect of game.effects) {
            if (effect.type !== type || now < effect.at) continue;
            const age = (now - effect.at) / LIFE_MS[type];
            if (type === "shot") this.#drawShot(effect, age, game);
            if (type === "burst") this.#drawBurst(effect, age);
            if (type === "death") this.#drawDeath(effect, age);
            if (type === "damage") this.#drawDamage(effect, age, views);
        }
    }

    #drawShot(shot, age, game) {
        const avatar = game.world.avatars.get(shot.seat);
        if (!avatar) return;
        const from = game.viewOf(avatar);
        const context = this.#context;
        context.globalAlpha = Math.sqrt(1 - age);
        context.beginPath();
        context.moveTo(from.x, from.y);
        context.lineTo(shot.endX, shot.endY);
        context.strokeStyle = shot.isOwn ? "#fff3d6" : (TEAM_COLOURS[this.#teamOf(avatar, game)] ?? "#ffffff");
        context.lineWidth = 8 + 12 * (1 - age);
        context.stroke();
        this.#circle(shot.endX, shot.endY, shot.hit === 255 ? 26 : 56, "#fff3d6");
        context.globalAlpha = 1;
    }

    #drawBurst(burst, age) {
        const radius = this.#rules.launcher.radius;
        this.#context.globalAlpha = 1 - age;
        this.#circle(burst.x, burst.y, radius * (0.35 + 0.65 * Math.sqrt(age)), "#ff9b3d66");
        this.#circle(burst.x, burst.y, radius * 0.5 * (1 - age), "#fff3d6");
        this.#ring(burst.x, burst.y, radius * Math.sqrt(age), "#ffc857", 16);
        this.#context.globalAlpha = 1;
    }

    /** Somebody fell here. */
    #drawDeath({ x, y, team }, age) {
        const radius = this.#rules.playerRadius;
        const colour = TEAM_COLOURS[team] ?? TEAM_COLOURS[0];
        this.#context.globalAlpha = 1 - age;
        this.#ring(x, y, radius * (1 + 1.6 * Math.sqrt(age)), colour, radius * 0.35 * (1 - age));
        this.#body(team, { x, y }, radius * (1 - age), colour);
        this.#context.globalAlpha = 1;
    }

    #drawDamage({ seat, damage }, age, views) {
        const found = views.find(([avatar]) => avatar.seat === seat);
        if (!found) return;
        const context = this.#context;
        context.globalAlpha = 1 - age;
        context.font = "700 100px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillStyle = "#ffe3a3";
        const rise = reducedMotion.matches ? 0 : age * 160;
        context.fillText(`-${damage}`, found[1].x + 150, found[1].y - 120 - rise);
        context.globalAlpha = 1;
    }

    #drawLabel(avatar, view, game) {
        const context = this.#context;
        const at = this.#toScreen(view);
        const radius = (this.#rules.playerRadius * this.#camera.scale) / this.#ratio();
        const isOwn = avatar.seat === game.seat;
        const barWidth = Math.max(34, radius * 2.2);
        const top = at.y - radius - 12;
        context.fillStyle = "#05080cb0";
        context.fillRect(at.x - barWidth / 2 - 1, top - 1, barWidth + 2, 6);
        context.fillStyle = avatar.health > 35 ? "#57c47a" : "#ff6b5e";
        context.fillRect(at.x - barWidth / 2, top, (barWidth * Math.min(100, avatar.health)) / 100,
            4);
        drawCarried(context, game.world, avatar.seat, at.x, top - (isOwn ? 6 : 22), CARRIED_PIXELS);
        if (isOwn) return;
        context.font = "600 13px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillStyle = avatar.connected || avatar.bot ? "#e8edf4" : "#98a6b9";
        context.shadowColor = "#000";
        context.shadowBlur = 3;
        const name = game.nameOf(avatar.seat);
        context.fillText(name, at.x, top - 6);
        if (avatar.level) this.#drawLevel(avatar.level, at.x + context.measureText(name).width / 2,
            top - 6);
        context.shadowBlur = 0;
    }

    /** Behind a name, in the font that is set. */
    #drawLevel(level, x, y) {
        const context = this.#context;
        context.textAlign = "left";
        context.fillStyle = "#ffc857";
        context.fillText(String(level), x + 5, y);
    }

    #drawOverlay(game, now) {
        const pain = game.effects.findLast(({ type }) => type === "pain");
        if (pain && !reducedMotion.matches) this.#drawPain(1 - (now - pain.at) / LIFE_MS.pain);
        const hasHit = game.effects.some(({ type }) => type === "mark");
        if (hasHit && !game.input.isTouch) this.#drawMark(game.input.pointer);
        if (!game.input.isTouch || game.isSpectator) return;
        for (const [side, stick] of Object.entries(game.input.sticks)) {
            if (stick) this.#drawStick(stick);
            else if (game.isActive) this.#drawRest(side);
        }
    }

    /** The rim of the screen reddens; the middle, where the fight is, stays clear. */
    #drawPain(strength) {
        const context = this.#context;
        const { clientWidth: width, clientHeight: height } = this.#canvas;
        const far = Math.hypot(width, height) / 2;
        const rim = context.createRadialGradient(width / 2, height / 2, far * 0.45,
            width / 2, height / 2, far);
        rim.addColorStop(0, "#ff3b3000");
        rim.addColorStop(1, "#ff3b30");
        context.globalAlpha = 0.45 * strength;
        context.fillStyle = rim;
        context.fillRect(0, 0, width, height);
        context.globalAlpha = 1;
    }

    /** The cross that says: your shot hit. */
    #drawMark({ x, y }) {
        const context = this.#context;
        context.strokeStyle = "#ffffff";
        context.lineWidth = 2;
        context.beginPath();
        for (const [dx, dy] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) {
            context.moveTo(x + dx * 6, y + dy * 6);
            context.lineTo(x + dx * 13, y + dy * 13);
        }
        context.stroke();
    }

    /** Where a thumb may go. */
    #drawRest(side) {
        const { x, y } = restOf(side, this.#canvas);
        this.#ring(x, y, STICK_PIXELS, "#ffffff33", 2);
        const context = this.#context;
        context.font = "600 13px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillStyle = "#ffffff80";
        context.fillText(side === "move" ? "Move" : "Aim, fire", x, y + 5);
    }

    #drawStick({ left, top, x, y }) {
        this.#ring(left, top, STICK_PIXELS, "#ffffff55", 2);
        this.#circle(left + x * STICK_PIXELS, top + y * STICK_PIXELS, 24, "#ffffff66");
    }
}
