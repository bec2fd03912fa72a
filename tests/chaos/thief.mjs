// thief - a guest with things that are not its own: tokens that are made up, used up or somebody else's.
// Whatever it shows must be refused, and cost nobody a seat.

import WebSocket from "ws";
import { AuthClient, MusterClient } from "../../sdk/js/index.js";

const STALE = -3; // the newest and the one before it are good

/** Each: what is shown, and the words it may be refused with; null: there is nothing to be stolen now. */
const TRICKS = {
    "made-up sign-in": (thief) => ({
        show: () => thief.signInWith("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"), words: ["token_invalid"],
    }),
    "another signature": (thief, victim) => ({
        show: () => thief.signInWith(victim.accessToken.replace(/.{8}$/, "AAAAAAAA")), words: ["token_invalid"],
    }),
    "resume token as sign-in": (thief, victim) => ({
        show: () => thief.signInWith(victim.ledger.resumeTokens.at(-1)), words: ["token_invalid"],
    }),
    "stolen resume token": (thief, victim) => ({
        show: () => thief.call("lobby.resume", { resumeToken: victim.ledger.resumeTokens.at(-1) }),
        words: ["resume_invalid"],
    }),
    "stolen seat ticket": (thief, victim) => ({
        show: () => thief.call("lobby.enter", { seatTicket: victim.ledger.seatTickets.at(-1) }),
        words: ["ticket_invalid"],
    }),
    "used seat ticket": (thief, victim) => ({
        show: () => victim.client.call("lobby.enter", { seatTicket: victim.ledger.seatTickets.at(-1) }),
        words: ["ticket_invalid", "wrong_state"],
    }),
    "stale resume token": (thief, victim) => {
        const resumeToken = victim.ledger.resumeTokens.at(STALE);
        if (!resumeToken) return null;
        return {
            show: () => victim.client.call("lobby.resume", { resumeToken }),
            words: ["resume_invalid", "wrong_state"],
        };
    },
    "wrong password": (thief, victim, party) => {
        const { password, lobbyId } = party;
        if (!password) return null;
        return {
            show: () => thief.call("lobby.join", { lobbyId, secret: `not ${password}` }),
            words: ["denied", "rate_limited", "wrong_state"], // it may stand, or show its scoreboard
        };
    },
};

export class Thief {
    #auth;
    #client;
    #server;
    #shown;

    /** shown: where each {trick, word, isGood} goes; word: the refusal's, or "" for what was taken. */
    constructor(server, shown) {
        this.#server = server;
        this.#shown = shown;
        this.#auth = new AuthClient({ baseUrl: server.httpUrl });
        this.#client = this.#newClient();
    }

    #newClient(options = {}) {
        return new MusterClient({ url: this.#server.wsUrl, WebSocket, ...options });
    }

    async signIn() {
        await this.#auth.guest({ displayName: "Thief" });
        await this.#client.connect((renew) => this.#auth.accessToken(renew));
    }

    signOut() {
        this.#client.close();
        this.#auth.stop();
    }

    call(method, params) {
        return this.#client.call(method, params);
    }

    async signInWith(token) {
        const client = this.#newClient({ reconnect: false });
        try {
            await client.connect(token);
        } finally {
            client.close();
        }
    }

    /** What does not reach the server, or brings no answer, has shown nothing. */
    async steal(random, party) {
        const trick = random.pick(Object.keys(TRICKS));
        const victim = random.pick(party.players);
        const theft = victim.isSettled ? TRICKS[trick](this, victim, party) : null;
        if (!theft) return;
        try {
            await theft.show();
            this.#shown.push({ trick, word: "", isGood: false });
        } catch ({ code, rpcCode }) {
            if (rpcCode) this.#shown.push({ trick, word: code, isGood: theft.words.includes(code) });
        }
    }
}
