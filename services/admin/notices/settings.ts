import { join } from "node:path";
import { badAddress, isSameAccount } from "../../node/client.ts";
import { readJson, writeDurable } from "../../shared/durable.ts";
import { Mutex } from "../../shared/mutex.ts";
import { type Channel, NoticeSettings } from "./api.ts";

/** How the owner wants to be told, durably, with what the servers ask for. */
export class HowToTell {
  #file: string;
  #settings: NoticeSettings;
  #queue = new Mutex();

  private constructor(file: string, settings: NoticeSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  /** @param folder the admin's state. */
  static async load(folder: string): Promise<HowToTell> {
    const file = join(folder, "how-to-tell.json");
    // What another version left, and this one does not know, keeps nobody from the pages.
    const kept = await readJson(NoticeSettings, file).catch(() => undefined);
    return new HowToTell(
      file,
      kept ?? { mail: null, hook: null, silenced: [] },
    );
  }

  /** With password and secret. */
  get settings(): NoticeSettings {
    return this.#settings;
  }

  /** What the pages see. */
  get shown(): NoticeSettings {
    const { mail, hook, silenced } = this.#settings;
    return {
      mail: mail && { ...mail, password: null },
      hook: hook && { ...hook, secret: null },
      silenced,
    };
  }

  /** Whether there is such a way. */
  has(channel: Channel): boolean {
    return this.#settings[channel] !== null;
  }

  /** Keeps settings; a password or secret that is null stays the one before, for the same server and user. @throws BadRequestError: bad-address */
  async set({ mail, hook, silenced }: NoticeSettings): Promise<void> {
    if (hook && !URL.canParse(hook.url)) throw badAddress();
    await this.#queue.run(async () => {
      const { mail: old, hook: before } = this.#settings;
      const same = isSameAccount(mail, old);
      const next: NoticeSettings = {
        mail: mail && {
          ...mail,
          password: mail.password ?? (same ? (old?.password ?? null) : null),
        },
        hook: hook && {
          ...hook,
          secret:
            hook.secret ??
            (hook.url === before?.url ? (before?.secret ?? null) : null),
        },
        silenced: [...new Set(silenced)],
      };
      await writeDurable(this.#file, JSON.stringify(next));
      this.#settings = next;
    });
  }
}
