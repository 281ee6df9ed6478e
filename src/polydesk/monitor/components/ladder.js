// One token's book, best prices in the middle: bids left, asks right, our orders beside them.
export default {
  props: { caption: String, heads: Array, asks: Array, bids: Array, middle: String, most: Number, ours: String, units: String },
  template: `
  <table class="pd-ladder">
    <caption><span class="pd-hidden">{{ caption }}. </span>{{ units }}</caption>
    <colgroup><col class="mine"><col><col class="at"><col><col class="mine"></colgroup>
    <thead><tr><th v-for="head in heads" :key="head" scope="col">{{ head }}</th></tr></thead>
    <tbody>
      <tr v-for="(level, at) in asks" :key="'a' + at" class="ask">
        <td class="own"></td><td></td>
        <th scope="row">{{ level.price }}</th>
        <td class="size" :style="bar(level, 'ask')">{{ level.size }}</td>
        <td :class="['own', { long: level.own.length > 6 }]"><span v-if="level.own" :title="ours">{{ level.own }}</span></td>
      </tr>
      <tr class="middle"><td colspan="5">{{ middle }}</td></tr>
      <tr v-for="(level, at) in bids" :key="'b' + at" class="bid">
        <td :class="['own', { long: level.own.length > 6 }]"><span v-if="level.own" :title="ours">{{ level.own }}</span></td>
        <td class="size" :style="bar(level, 'bid')">{{ level.size }}</td>
        <th scope="row">{{ level.price }}</th>
        <td></td><td class="own"></td>
      </tr>
    </tbody>
  </table>`,
  methods: {
    bar(level, side) {
      return { "--part": `${this.most ? (100 * level.raw) / this.most : 0}%`, "--colour": `var(--pd-${side})` };
    },
  },
};
