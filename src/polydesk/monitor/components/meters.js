// How much of each cap is used.
export default {
  props: { items: Array, label: String, empty: String },
  template: `
  <ul class="pd-meters" :aria-label="label">
    <li v-if="!items.length" class="pd-empty">{{ empty }}</li>
    <li v-for="item in items" :key="item.key" :class="item.tone">
      <span class="name">{{ item.label }}</span>
      <span class="track" role="meter" :aria-label="item.label" aria-valuemin="0" aria-valuemax="100"
          :aria-valuenow="item.percent" :aria-valuetext="item.text"><i :style="{ width: Math.min(100, item.percent) + '%' }"></i></span>
      <span class="text">{{ item.text }}</span>
    </li>
  </ul>`,
};
