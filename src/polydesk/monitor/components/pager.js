// Which part of a long list is shown: a filter by name, the range, and buttons to both sides.
export default {
  props: { label: String, filter: String, hint: String, range: String, newer: String, older: String, first: Boolean, last: Boolean },
  emits: ["filter", "move"],
  template: `
  <div class="pd-pager" role="group" :aria-label="label">
    <label :for="id">{{ filter }}</label>
    <input :id="id" type="search" v-model="typed" :placeholder="hint" autocomplete="off" spellcheck="false" @input="ask">
    <span role="status">{{ range }}</span>
    <button type="button" :disabled="first" @click="$emit('move', 'newer')">{{ newer }}</button>
    <button type="button" :disabled="last" @click="$emit('move', 'older')">{{ older }}</button>
  </div>`,
  data() {
    return { typed: "", id: `pager-${Math.random().toString(36).slice(2)}` };
  },
  beforeUnmount() {
    clearTimeout(this.waiting);
  },
  methods: {
    ask() {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.$emit("filter", this.typed), 150);
    },
  },
};
