// Whether the dashboard still answers. A page without it looks alive for ever, so the loss is said at the top of the
// page in words that came with the page, and told to everything that would otherwise go on claiming to be new.
const LOOK_MS = 250;
const LOST_MS = 1500;

export default {
  props: { text: String },
  template: `<div class="pd-contact" role="alert"><p v-if="since">{{ text.replace("{at}", since) }}</p></div>`,
  data() {
    return { since: "" };
  },
  mounted() {
    this.gone = 0;
    this.timer = setInterval(this.look, LOOK_MS);
  },
  beforeUnmount() {
    clearInterval(this.timer);
    this.tell(false);
  },
  methods: {
    look() {
      if (window.socket?.connected) {
        this.gone = 0;
        if (this.since) this.tell(false);
        this.since = "";
        return;
      }
      this.gone = this.gone || Date.now();
      if (this.since || Date.now() - this.gone < LOST_MS) return;
      this.since = new Date(this.gone).toISOString().slice(11, 19);
      this.tell(true);
    },
    tell(lost) {
      document.documentElement.classList.toggle("pd-lost", lost);
      window.dispatchEvent(new CustomEvent("polydesk-contact", { detail: lost }));
    },
  },
};
