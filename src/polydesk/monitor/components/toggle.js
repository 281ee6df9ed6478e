// A labelled checkbox.
export default {
  props: { label: String, value: Boolean },
  emits: ["turn"],
  template: `
  <label class="pd-switch"><input type="checkbox" :checked="value" @change="$emit('turn', $event.target.checked ? 'on' : 'off')"> {{ label }}</label>`,
};
