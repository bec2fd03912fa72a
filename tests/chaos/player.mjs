// player - a guest with sdk/js, who wants a seat and keeps it, whatever happens to the server or the line.
//
// All that it is told goes into its ledger. It asks again where an answer was lost or the server says
// "later", and for the rest trusts the client's own reconnect.

import WebSocket from "ws";
import { AuthClient, MusterClient, MusterError } from "../../sdk/js/index.js";
import { isRefusal } from "../../sdk/js/policy.js";
import { Ledger } from "./ledger.mjs";
import { Pilot } from "./pilot.mjs";
import { Signal, pause } from "./signal.mjs";

const AGAIN_MS = 100;
/** Refusals that are for the moment: too much at once, a node that is late, a lobby that stands or
 * misses somebody. */
const LATER = ["rate_limited", "unavailable", "server_full", "server_busy"];
const LATER_REASONS = ["frozen", "too_few"];

const isLater = ({ code, data }) => LATER.includes(code) || LATER_REASONS.includes(data.reason);

export class Player {
    ledger = new Ledger();
    client = null;
    /** Gives the seat up: to be without one is no loss. */
    isLeaving = false;
    /** Its connection is being made anew by hand. */
    isReplaced = false;
    /** Called with each match.ended. */
    onEnded = () => {};
    #auth;
    #server;
    #signal;
    #socket = null;
    #pilot = null;
    #entry = null; // the client's, kept up to date by it; here for when it has closed

    /** signal: told whenever this player was told something. */
    constructor(server, name, signal = new Signal()) {
        this.name = name;
        this.#server = server;
        this.#signal = signal;
        this.#auth = new AuthClient({ baseUrl: server.httpUrl });
    }

    async signIn() {
        await this.#auth.guest({ displayName: this.name });
        this.client = this.#newClient();
        await this.#connect();
    }

    signOut() {
        this.isLeaving = true;
        this.client?.close();
        this.#auth.stop();
    }

    get accessToken() {
        return this.#auth.current.accessToken;
    }

    /** Sits, and nothing is on its way. */
    get isSettled() {
        return Boolean(this.client.entry) && this.client.state === "online" && !this.isLeaving && !this.isReplaced;
    }

    /** Has lost its seat or its connection for good. */
    get isOut() {
        return this.client.state === "closed" || (!this.client.entry && !this.isReplaced);
    }

    /* ---- seats ---- */

    /** Takes the seat; ask(client): a Reservation. */
    async sit(ask) {
        while (!this.client.entry) {
            await this.#online();
            try {
                const reservation = await ask(this.client);
                this.ledger.seatTickets.push(reservation.seatTicket);
                await this.client.enter(reservation);
            } catch (error) {
                const { lobbyId } = error.data ?? {};
                if (error.code !== "already_in_lobby" || this.ledger.hasLeft(lobbyId)) await this.#bear("sit", error);
                else ask = (client) => client.call("lobby.join", { lobbyId }); // the answer was lost
            }
        }
        return this.client.entry;
    }

    /** Does something in the lobby, until it is done. */
    async insist(ask, isDone) {
        while (!isDone()) {
            await this.#online();
            try {
                return await ask(this.client);
            } catch (error) {
                if (!isDone()) await this.#bear("insist", error);
            }
        }
    }

    async leave() {
        this.isLeaving = true;
        while ((this.client.entry || this.isReplaced) && this.client.state !== "closed") {
            try {
                await this.#online();
                const { lobbyId } = this.client.entry.lobby;
                await this.client.leave();
                this.ledger.write("gone", { lobbyId });
            } catch {
                await pause(AGAIN_MS); // it is ours to go: what stands against it passes
            }
        }
        this.isLeaving = false;
    }

    /* ---- the line ---- */

    /** The cable is pulled. */
    cut() {
        this.#socket.terminate();
    }

    /** A second connection of the same player takes the first one's place, and its seat. */
    async replace() {
        const old = this.client;
        const { resumeToken } = old.entry;
        this.isReplaced = true;
        this.#writeDropped();
        old.on("reconnecting", () => old.close()); // else it would take the place again
        this.client = this.#newClient();
        while (!(await this.#connect().then(() => true, () => false))) await pause(AGAIN_MS);
        old.close();
        while (this.isReplaced) {
            await this.#signal.until(() => ["online", "closed"].includes(this.client.state));
            if (this.client.state === "closed") break;
            await this.client.resume(resumeToken).catch((error) => this.#onResumeError(error));
            if (this.client.entry) this.isReplaced = false;
        }
        this.#signal.changed();
    }

    async #onResumeError(error) {
        if (!isRefusal(error)) return pause(AGAIN_MS);
        this.isReplaced = false;
        this.ledger.write("left", { reason: `${error.code}: ${error.message}`, isAsked: this.isLeaving });
    }

    #connect() {
        return this.client.connect((renew) => this.#auth.accessToken(renew));
    }

    async #online() {
        await this.#signal.until(() => ["online", "closed"].includes(this.client.state));
        if (this.client.state === "closed") throw new MusterError("closed", `${this.name} was shut out`);
    }

    /** What is lost is asked again, and so is what the server puts off; anything else ends the try. */
    async #bear(where, error) {
        if (this.client.state === "closed") throw error;
        if (error.rpcCode === 0 || isLater(error)) return pause(AGAIN_MS);
        const { code, message, data } = error;
        this.ledger.write("refused", { where, code, message, data });
        throw error;
    }

    /* ---- what is heard ---- */

    #newClient() {
        const self = this;
        const Socket = class extends WebSocket {
            constructor(url, protocol) {
                super(url, protocol, { perMessageDeflate: false });
                self.#socket = this;
            }
        };
        const client = new MusterClient({ url: this.#server.wsUrl, WebSocket: Socket });
        const on = (name, handle) => client.on(name, (told) => {
            if (client !== this.client) return; // one that was replaced
            handle(told);
            this.#signal.changed();
        });
        on("state", ({ state }) => state === "reconnecting" && client.entry && this.#writeDropped());
        on("entered", ({ entry, resumed }) => this.#onEntered(entry, resumed));
        on("match.started", (match) => this.#onStarted(match));
        on("match.ended", (ended) => this.#onEnded(ended));
        on("lobby.left", ({ reason, message }) => this.ledger.write("left", { reason, message, isAsked: this.isLeaving }));
        on("lobby.updated", () => {});
        on("closed", ({ code, reason }) => this.ledger.write("closed", { code, reason, isAsked: this.isLeaving }));
        client.on("snapshot", (snapshot) => client === this.client && this.#pilot?.take(client, snapshot));
        return client;
    }

    #place(entry) {
        const { lobby, seat, team, match } = entry;
        return { lobbyId: lobby.lobbyId, state: lobby.state, seat, team, matchId: match?.matchId ?? null };
    }

    #writeDropped() {
        this.ledger.write("dropped", this.#place(this.#entry));
    }

    #onEntered(entry, resumed) {
        this.#entry = entry;
        this.ledger.resumeTokens.push(entry.resumeToken);
        this.ledger.write("entered", { ...this.#place(entry), resumed });
        if (entry.match) this.#begin(entry.match, entry.lobby.state);
    }

    #onStarted(match) {
        this.#begin(match, "active");
    }

    #begin(match, state) {
        if (this.#pilot?.matchId === match.matchId) return;
        this.#pilot = new Pilot(match, this.ledger);
        if (state === "active") this.ledger.write("started", { matchId: match.matchId });
    }

    #onEnded({ matchId, results }) {
        this.ledger.write("ended", { matchId, results });
        this.onEnded(matchId);
    }
}
