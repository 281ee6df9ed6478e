// The head of every page: where one is, what the desk is doing, language and colours.
export default {
  props: { brand: String, home: String, nav: Array, navLabel: String, chips: Array, languages: Array, theme: Object, skip: String, line: String, gone: String },
  template: `
  <header class="pd-head">
    <a class="pd-skip" href="#main">{{ skip }}</a>
    <a class="brand" :href="home">{{ brand }}</a>
    <nav :aria-label="navLabel">
      <a v-for="item in nav" :key="item.key" :href="item.href" :aria-current="item.here ? 'page' : null">{{ item.text }}</a>
    </nav>
    <div class="chips" role="status">
      <span v-for="chip in told" :key="chip.key" :class="['pd-chip', chip.tone]" :data-key="chip.key" :title="chip.title">{{ chip.text }}</span>
    </div>
    <span class="line">{{ line }}</span>
    <div class="tools">
      <a v-for="item in languages" :key="item.code" :href="item.href" :lang="item.code" :hreflang="item.code"
          :aria-current="item.here ? 'true' : null">{{ item.text }}</a>
      <button type="button" @click="turn" :aria-label="theme.label">{{ theme[mode] }}</button>
    </div>
  </header>`,
  data() {
    return { mode: localStorage.getItem("polydesk-theme") || "auto", lost: false };
  },
  computed: {
    told() {
      // Without contact nobody knows the state, and nothing else is known to be good any more.
      if (!this.lost) return this.chips;
      return this.chips.map((chip) => (chip.key === "state" ? { ...chip, text: this.gone, tone: "bad", title: "" } : { ...chip, tone: "calm" }));
    },
  },
  beforeUnmount() {
    window.removeEventListener("polydesk-contact", this.contact);
  },
  mounted() {
    window.addEventListener("polydesk-contact", this.contact);
    // The head and figures that came with the page itself have done their work.
    document.getElementById("pd-first")?.remove();
  },
  methods: {
    contact(event) {
      this.lost = event.detail;
    },
    turn() {
      const order = ["auto", "light", "dark"];
      this.mode = order[(order.indexOf(this.mode) + 1) % order.length];
      localStorage.setItem("polydesk-theme", this.mode);
      document.documentElement.dataset.theme = this.mode;
      window.dispatchEvent(new Event("polydesk-theme"));
    },
  },
};
