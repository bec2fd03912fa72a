// input - keyboard, mouse and touch, turned into what one tick of input holds.

const BUTTON_RIFLE = 1;
const BUTTON_LAUNCHER = 2;
const FULL_TURN = 65536;
const SAMPLES_MAX = 3;
const STICK_RADIUS = 56; // CSS pixels
const STICK_FIRES = 0.55; // of the radius: the aim stick pushed further fires
const TURNS = new Map([["KeyJ", -1], ["KeyL", 1]]); // left, right
const TURN_ABOUT = "KeyK";
const TURN_STEP = 364; // 2 degrees, for a tap
const TURN_SLOW = 11; // a millisecond; 60 degrees a second, for a fine aim
const TURN_FAST = 55; // 300 degrees a second
const TURN_SPEED_UP_MS = 400;

export const MOVES = new Map([
    ["KeyW", [0, -1]], ["ArrowUp", [0, -1]],
    ["KeyS", [0, 1]], ["ArrowDown", [0, 1]],
    ["KeyA", [-1, 0]], ["ArrowLeft", [-1, 0]],
    ["KeyD", [1, 0]], ["ArrowRight", [1, 0]],
]);
const KEY_BUTTONS = new Map([["Space", BUTTON_RIFLE], ["KeyE", BUTTON_LAUNCHER]]);
const MOUSE_BUTTONS = new Map([[0, BUTTON_RIFLE], [2, BUTTON_LAUNCHER]]);

export class Input {
    /** Where the own avatar stands on the screen, in CSS pixels; the renderer says. */
    centre = { x: 0, y: 0 };
    /** 0 to 65535 */
    aim = 0;
    /** "" until one is used; "pointer", "keys" or "thumb" */
    aimBy = "";
    pointer = { x: 0, y: 0 };
    isTouch = matchMedia("(pointer: coarse)").matches;
    sticks = { move: null, aim: null };

    #canvas;
    #keys = new Set();
    #held = 0;
    #pressed = 0;
    #samples = [];
    #turnedAt = 0;
    #turningMs = 0;
    #tickStart = 0;
    #tickMs;
    #abort = new AbortController();

    constructor(canvas, launcherButton, tickMs) {
        this.#canvas = canvas;
        this.#tickMs = tickMs;
        const options = { signal: this.#abort.signal };
        addEventListener("keydown", (event) => this.#onKey(event, true), options);
        addEventListener("keyup", (event) => this.#onKey(event, false), options);
        addEventListener("blur", () => this.release(), options);
        addEventListener("pointermove", (event) => this.#onMove(event), options);
        addEventListener("pointerup", (event) => this.#onUp(event), options);
        addEventListener("pointercancel", (event) => this.#onUp(event), options);
        canvas.addEventListener("pointerdown", (event) => this.#onDown(event), options);
        canvas.addEventListener("contextmenu", (event) => event.preventDefault(), options);
        launcherButton.addEventListener("pointerdown", (event) => this.#onLauncher(event), options);
        for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
            launcherButton.addEventListener(end, () => this.#release(BUTTON_LAUNCHER), options);
        }
        launcherButton.hidden = !this.isTouch;
        this.launcherButton = launcherButton;
    }

    destroy() {
        this.#abort.abort();
    }

    /** Everything up: the window lost the focus, or chat took the keyboard. */
    release() {
        this.#keys.clear();
        this.#held = 0;
        this.sticks = { move: null, aim: null };
    }

    /** The aim goes on turning while its key is held; also called between ticks, to be seen. */
    turn(now) {
        const way = [...TURNS].reduce((sum, [code, side]) =>
            sum + (this.#keys.has(code) ? side : 0), 0);
        const passedMs = Math.max(0, now - this.#turnedAt);
        this.#turnedAt = now;
        this.#turningMs = way ? this.#turningMs + passedMs : 0;
        const part = Math.min(1, this.#turningMs / TURN_SPEED_UP_MS);
        this.#turnBy(way * passedMs * (TURN_SLOW + (TURN_FAST - TURN_SLOW) * part));
    }

    #turnBy(angle) {
        this.aim = Math.round(this.aim + angle) & (FULL_TURN - 1);
    }

    /** What one tick sends; the edges and samples are gone then. */
    take(now) {
        this.turn(now);
        this.#aimAtPointer();
        const { moveX, moveY } = this.#movement();
        const taken = {
            held: this.#held, pressed: this.#pressed, aim: this.aim, moveX, moveY,
            samples: this.#samples,
        };
        this.#pressed = 0;
        this.#samples = [];
        this.#tickStart = now;
        return taken;
    }

    #movement() {
        const stick = this.sticks.move;
        if (stick) {
            return { moveX: Math.round(stick.x * 127), moveY: Math.round(stick.y * 127) };
        }
        let x = 0;
        let y = 0;
        for (const [code, [dx, dy]] of MOVES) {
            if (!this.#keys.has(code)) continue;
            x += dx;
            y += dy;
        }
        return { moveX: Math.sign(x) * 127, moveY: Math.sign(y) * 127 };
    }

    #aimAtPointer() {
        if (this.aimBy !== "pointer") return;
        this.#setAim(this.pointer.x - this.centre.x, this.pointer.y - this.centre.y);
    }

    #setAim(dx, dy) {
        if (dx === 0 && dy === 0) return;
        const turn = Math.atan2(dy, dx) / (2 * Math.PI);
        this.aim = Math.round(turn * FULL_TURN) & (FULL_TURN - 1);
    }

    #onKey(event, isDown) {
        const isElsewhere = event.target instanceof Element &&
            event.target.closest("input, select, textarea, dialog, .panel");
        if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
        const button = KEY_BUTTONS.get(event.code);
        const isTurn = TURNS.has(event.code) || event.code === TURN_ABOUT;
        if (!MOVES.has(event.code) && !button && !isTurn) return;
        if (button && event.target instanceof HTMLButtonElement) return;
        event.preventDefault();
        this.turn(performance.now()); // by the keys as they were
        if (isTurn && isDown && !event.repeat) this.#beginTurn(event.code);
        if (isDown) this.#keys.add(event.code);
        else this.#keys.delete(event.code);
        if (!button || event.repeat) return;
        if (isDown) this.#press(button);
        else this.#release(button);
    }

    #beginTurn(code) {
        this.aimBy = "keys";
        this.#turnBy(code === TURN_ABOUT ? FULL_TURN / 2 : TURNS.get(code) * TURN_STEP);
    }

    #press(button) {
        this.#aimAtPointer();
        this.#held |= button;
        this.#pressed |= button;
        if (this.#samples.length === SAMPLES_MAX) return;
        const part = (performance.now() - this.#tickStart) / this.#tickMs;
        const at = Math.min(255, Math.max(0, Math.floor(part * 256)));
        this.#samples.push({ at, pressed: button, aim: this.aim });
    }

    #release(button) {
        this.#held &= ~button;
    }

    #onDown(event) {
        this.#canvas.focus();
        if (event.pointerType === "touch") return this.#onTouch(event);
        this.#usePointer(event);
        const button = MOUSE_BUTTONS.get(event.button);
        if (button) this.#press(button);
    }

    #onLauncher(event) {
        if (event.pointerType === "touch") this.isTouch = true;
        event.preventDefault(); // the keyboard stays with the canvas
        this.#press(BUTTON_LAUNCHER);
    }

    /** In CSS pixels of the canvas, above which notices may stand. */
    #placeOf({ clientX, clientY }) {
        const { left, top } = this.#canvas.getBoundingClientRect();
        return { x: clientX - left, y: clientY - top };
    }

    #usePointer(event) {
        const place = this.#placeOf(event);
        const hasMoved = place.x !== this.pointer.x || place.y !== this.pointer.y;
        this.isTouch = false;
        this.pointer = place;
        if (hasMoved || event.type === "pointerdown") this.aimBy = "pointer";
    }

    /** The left half of the screen moves, the right half aims and fires. */
    #onTouch(event) {
        event.preventDefault();
        this.isTouch = true;
        this.aimBy = "thumb";
        this.launcherButton.hidden = false;
        const side = event.clientX < innerWidth / 2 ? "move" : "aim";
        if (this.sticks[side]) return;
        const { x, y } = this.#placeOf(event);
        this.sticks[side] = { id: event.pointerId, left: x, top: y, x: 0, y: 0 };
    }

    #onMove(event) {
        if (event.pointerType !== "touch") return this.#usePointer(event);
        for (const side of ["move", "aim"]) {
            const stick = this.sticks[side];
            if (stick?.id === event.pointerId) this.#pushStick(side, stick, event);
        }
    }

    #pushStick(side, stick, event) {
        const at = this.#placeOf(event);
        const dx = at.x - stick.left;
        const dy = at.y - stick.top;
        const length = Math.max(STICK_RADIUS, Math.hypot(dx, dy));
        stick.x = dx / length;
        stick.y = dy / length;
        if (side !== "aim") return;
        this.#setAim(dx, dy);
        const fires = Math.hypot(stick.x, stick.y) > STICK_FIRES;
        if (fires && !(this.#held & BUTTON_RIFLE)) this.#press(BUTTON_RIFLE);
        if (!fires) this.#release(BUTTON_RIFLE);
    }

    #onUp(event) {
        if (event.pointerType !== "touch") {
            const button = MOUSE_BUTTONS.get(event.button);
            if (button) this.#release(button);
            return;
        }
        for (const side of ["move", "aim"]) {
            if (this.sticks[side]?.id !== event.pointerId) continue;
            this.sticks[side] = null;
            if (side === "aim") this.#release(BUTTON_RIFLE);
        }
    }
}
