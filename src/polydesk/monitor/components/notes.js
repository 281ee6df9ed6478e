// What needs attention. It stays at the lower edge of the window, so that nothing moves when it comes.
export default {
  props: { items: Array, label: String },
  template: `
  <section class="pd-notes" role="alert" :aria-label="label"><p v-for="(text, at) in items" :key="at">{{ text }}</p></section>`,
};
