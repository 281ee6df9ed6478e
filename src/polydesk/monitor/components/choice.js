// One of a few: a group of radio buttons that looks like a row of buttons.
export default {
  props: { label: String, options: Array, value: String },
  emits: ["choose"],
  template: `
  <fieldset class="pd-choice">
    <legend class="pd-hidden">{{ label }}</legend>
    <label v-for="o in options" :key="o.value" :title="o.text">
      <input type="radio" :name="name" :value="o.value" :checked="o.value === value" @change="$emit('choose', o.value)"><span>{{ o.text }}</span>
    </label>
  </fieldset>`,
  data() {
    return { name: `choice-${Math.random().toString(36).slice(2)}` };
  },
};
