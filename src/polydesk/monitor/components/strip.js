// Which session is shown, on which data, how old it is; and what must not be overlooked.
export default {
  props: { items: Array, label: String, banners: Array, gone: String },
  template: `
  <div>
    <p v-for="banner in banners" :key="banner.text" :class="['pd-banner', banner.tone]" role="note">{{ banner.text }}</p>
    <dl class="pd-strip" :aria-label="label">
      <div v-for="item in told" :key="item.key" :class="item.tone" :data-key="item.key">
        <dt>{{ item.label }}</dt>
        <dd :title="item.text"><a v-if="item.href" :href="item.href">{{ item.text }}</a><template v-else>{{ item.text }}</template></dd>
      </div>
    </dl>
  </div>`,
  data() {
    return { lost: false };
  },
  computed: {
    told() {
      // An age that nobody counts on any more would stand for ever.
      if (!this.lost) return this.items;
      return this.items.map((item) => (item.key === "published" ? { ...item, text: this.gone, tone: "bad" } : item));
    },
  },
  mounted() {
    window.addEventListener("polydesk-contact", this.contact);
  },
  beforeUnmount() {
    window.removeEventListener("polydesk-contact", this.contact);
  },
  methods: {
    contact(event) {
      this.lost = event.detail;
    },
  },
};
