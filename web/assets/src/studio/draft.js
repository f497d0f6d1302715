// A draft between its editor and the server: loaded once, saved a moment after every change, never over another's work.

const PAUSE_MILLISECONDS = 800;
const RETRY_MILLISECONDS = 5_000;

// Fires "findings" (detail: the list) after every save.
class Draft extends EventTarget {
  #root; #revision; #words; #content = null; #timer = 0; #saving = null; #isStopped = false;

  constructor(root) {
    super();
    this.#root = root;
    this.#revision = Number(root.dataset.revision);
    this.#words = JSON.parse(root.dataset.words);
    window.addEventListener("online", () => this.#content && this.flush());
    window.addEventListener("beforeunload", (event) => {
      if (this.#content && !this.#isStopped) event.preventDefault();
    });
    for (const link of document.querySelectorAll("[data-draft-leave]")) {
      link.addEventListener("click", (event) => this.#leave(event, link));
    }
  }

  get words() {
    return this.#words;
  }

  get findings() {
    return JSON.parse(this.#root.dataset.findings);
  }

  async load() {
    const answer = await fetch(this.#root.dataset.file);
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    this.#revision = Number(answer.headers.get("ETag"));
    return answer.text();
  }

  // `getContent` gives the whole file, or a promise of it, when it is time to save.
  changed(getContent) {
    if (this.#isStopped) return;
    this.#content = getContent;
    this.#tell("unsaved");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE_MILLISECONDS);
  }

  // Saves what is not saved yet; one request at a time. True once everything is on the server.
  async flush() {
    clearTimeout(this.#timer);
    while (this.#saving) await this.#saving;
    if (!this.#content || this.#isStopped) return !this.#isStopped;
    this.#saving = this.#save();
    const isSaved = await this.#saving;
    this.#saving = null;
    return isSaved && (!this.#content || this.flush());
  }

  async #save() {
    const getContent = this.#content;
    this.#content = null;
    this.#tell("saving");
    try {
      const body = await getContent();
      const headers = {
        "Accept": "application/json",
        "Content-Type": "application/octet-stream",
        "If-Match": String(this.#revision),
        "X-CSRF-Token": this.#root.dataset.token,
      };
      const answer = await fetch(this.#root.dataset.save, { method: "PUT", headers, body });
      if (answer.status === 409) return this.#stop(await answer.json());
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      this.#accept(await answer.json());
      return true;
    } catch (error) {
      console.info(error);
      this.#content ??= getContent;
      this.#tell("offline");
      this.#timer = setTimeout(() => this.flush(), RETRY_MILLISECONDS);
      return false;
    }
  }

  #accept({ revision, saved_at: savedAt, findings }) {
    this.#revision = revision;
    for (const field of document.querySelectorAll("[data-draft-revision]")) field.value = revision;
    if (!this.#content) this.#tell("saved", { time: clock(savedAt) });
    this.dispatchEvent(new CustomEvent("findings", { detail: findings }));
  }

  #stop({ by, at }) {
    this.#isStopped = true;
    const notice = this.#root.querySelector("[data-draft-conflict]");
    notice.querySelector("b").textContent = fill(this.#words.conflict, { name: by, time: clock(at) });
    notice.hidden = false;
    this.#tell("offline");
    this.dispatchEvent(new Event("conflict"));
    return false;
  }

  async #leave(event, link) {
    if (!this.#content && !this.#saving) return;
    event.preventDefault();
    if (await this.flush()) location.assign(link.href);
  }

  #tell(state, facts = {}) {
    const place = document.querySelector("[data-draft-status]");
    if (place) place.textContent = fill(this.#words[state], facts);
  }
}

export function openDraft(root) {
  return new Draft(root);
}

export function fill(words, facts) {
  return words.replace(/{(\w+)}/g, (_, name) => facts[name] ?? "");
}

function clock(instant) {
  const { lang, dataset } = document.documentElement;
  return new Date(instant).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: dataset.zone });
}
