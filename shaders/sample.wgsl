// The next token, drawn from one row of logits: temperature, top-k (Fan et al., arXiv 1805.04833), top-p (Holtzman et al., arXiv
// 1904.09751), then one draw among the tokens left. Tokens are ordered by descending logit, equal logits by ascending id. The drawn token
// becomes the next step's input, so that one program is replayed for many tokens.
// Nothing is sorted. Top-k, top-p and the draw each look for the token at which a running sum over the order reaches a goal. A radix
// search finds it. The key is the logit's bits, then the id. Each pass over the row settles one digit, the largest first, until one token is
// left. Counts and the order of equal logits are exact. A goal within 1e-5 of a token's edge may give its neighbour, since sums are f32.

@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [T, V], of which the last row is read
@group(0) @binding(1) var<storage, read> sampling: array<f32>;        // SAMPLING of src/engine.ts
@group(0) @binding(2) var<storage, read_write> dice: array<u32>;      // DICE of src/engine.ts; step and slot advance
@group(0) @binding(3) var<storage, read_write> tokens: array<u32>;    // [1] the next step's input
@group(0) @binding(4) var<storage, read_write> pos: array<u32>;       // [1] position of that input
@group(0) @binding(5) var<storage, read_write> drawn: array<f32>;     // [DRAWS, 2] token and its probability before the cuts

override V: u32;      // at most 65,536
override FIRST: u32;  // index of the last row's first logit
override STREAM: u32; // stream of random numbers

const WIDE = 256u;        // lanes of the workgroup
const DIGITS = 17u;       // digits of a key, three bits each: eleven of the logit, six of the id
const LOGIT_DIGITS = 11u;

// Columns of sums that one pass over the row adds up. Columns 0 to 7 hold the candidates' weight by their next digit.
const COUNT = 8u;         // number of candidates
const IDS = 9u;           // sum of the candidates' ids: the id itself where one is left
const ALL = 10u;          // weight of the tokens that share the settled digits, cut off or not
const COLUMNS = 11u;
var<workgroup> columns: array<array<f32, WIDE>, COLUMNS>; // one number for each lane
var<workgroup> sums: array<f32, COLUMNS>;
var<workgroup> greatest: atomic<u32>;
var<private> greatest_logit: f32;
var<private> temperature: f32;
var<private> all: f32; // weight of all tokens

/// The key of token i: its logit's bits, mapped so that larger logits have larger keys; −0 is 0.
fn rank(i: u32) -> u32 {
  let bits = bitcast<u32>(logits[FIRST + i]);
  return select(bits | 0x80000000u, ~bits, bits > 0x80000000u);
}

/// Sums of all columns over the lanes, in a fixed order: from 256 numbers to 16, from 16 to 1. Every lane gets them.
fn add_up(lane: u32) -> array<f32, COLUMNS> {
  let column = lane / 16u;
  let part = lane % 16u;
  workgroupBarrier();
  if (column < COLUMNS) {
    var sum = 0.0;
    for (var k = 0u; k < WIDE; k += 16u) { sum += columns[column][k + part]; }
    columns[column][part] = sum;
  }
  workgroupBarrier();
  if (column < COLUMNS && part == 0u) {
    var sum = 0.0;
    for (var k = 0u; k < 16u; k++) { sum += columns[column][k]; }
    sums[column] = sum;
  }
  return workgroupUniformLoad(&sums);
}

/// The first token, in order up to and including `last`, at which the running sum exceeds `goal`, or reaches it where `reach`. Where no
/// token does, the last with a weight above 0. A token adds 1 where `by_count`; else its weight, and `goal` is a share of the total.
fn search(goal: f32, by_count: bool, reach: bool, last: u32, lane: u32) -> u32 {
  let last_rank = select(0u, rank(min(last, V - 1u)), last < V);
  var found = vec2u(); // settled digits of the key: x of the logit, y of SAMPLE_LAST_ID − id
  var before = 0.0;
  var sought = goal;
  for (var level = 0u; level < DIGITS; level++) {
    let by_id = level >= LOGIT_DIGITS;
    let shift = 3u * (select(LOGIT_DIGITS, DIGITS, by_id) - 1u - level);
    let settled = (select(found.x, found.y, by_id) >> shift) >> 3u;
    var low = vec4f();  // weights by digit, 0 to 3
    var high = vec4f(); // weights by digit, 4 to 7
    var count = 0.0;
    var ids = 0.0;
    var every = 0.0;
    for (var i = lane; i < V; i += WIDE) {
      let r = rank(i);
      let word = select(r, SAMPLE_LAST_ID - i, by_id) >> shift;
      if (word >> 3u != settled || (by_id && r != found.x)) { continue; }
      // The weight is e^((logit − greatest)/temperature).
      let weight = exp((logits[FIRST + i] - greatest_logit) / temperature);
      every += weight;
      if (r < last_rank || (r == last_rank && i > last)) { continue; }
      let share = vec4f(select(weight, 1.0, by_count));
      let digit = vec4u(word % 8u);
      low += select(vec4f(), share, digit == vec4u(0u, 1u, 2u, 3u));
      high += select(vec4f(), share, digit == vec4u(4u, 5u, 6u, 7u));
      count += 1.0;
      ids += f32(i);
    }
    for (var c = 0u; c < 4u; c++) {
      columns[c][lane] = low[c];
      columns[4u + c][lane] = high[c];
    }
    columns[COUNT][lane] = count;
    columns[IDS][lane] = ids;
    columns[ALL][lane] = every;
    let sum = add_up(lane);
    if (level == 0u) {
      all = sum[ALL];
      if (!by_count) { sought *= sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7]; }
    }
    if (sum[COUNT] == 1.0) { return u32(sum[IDS]); }
    var digit = 0u;
    var reached = before;
    for (var next = 8u; next > 0u; next--) {
      let bin = next - 1u;
      let share = sum[bin];
      if (share <= 0.0) { continue; }
      digit = bin;
      before = reached;
      reached += share;
      if (reached > sought || (reach && reached == sought)) { break; }
    }
    if (by_id) { found.y |= digit << shift; } else { found.x |= digit << shift; }
  }
  // All digits settle without a single candidate only where logits are NaN.
  return min(SAMPLE_LAST_ID - found.y, V - 1u);
}

// a single workgroup
@compute @workgroup_size(WIDE)
fn forward(@builtin(local_invocation_index) lane: u32) {
  var most = 0u;
  for (var i = lane; i < V; i += WIDE) { most = max(most, rank(i)); }
  atomicMax(&greatest, most);
  workgroupBarrier();
  most = atomicLoad(&greatest);
  greatest_logit = bitcast<f32>(select(~most, most & 0x7fffffffu, most >= 0x80000000u));
  // Temperature 0 takes the likeliest token and reports its probability at temperature 1.
  let cold = sampling[SAMPLING_TEMPERATURE] <= 0.0;
  temperature = select(sampling[SAMPLING_TEMPERATURE], 1.0, cold);
  let top_k = select(sampling[SAMPLING_TOP_K], 1.0, cold);
  // hash(seed, STREAM, step) of src/rng.ts, in 24 bits, which a float32 holds exactly.
  let word = mix_bits(dice[DICE_STEP] + mix_bits(STREAM + mix_bits(dice[DICE_SEED])));
  let uniform = f32(word >> 8u) / 16777216.0;
  var last = V;
  // Stages: top-k, top-p, the draw. The loop has one call, since a driver that inlines functions took 12 s to compile three.
  for (var stage = 0u; stage < 3u; stage++) {
    if (stage == 0u && (top_k == 0.0 || top_k >= f32(V))) { continue; }
    if (stage == 1u && (cold || sampling[SAMPLING_TOP_P] >= 1.0)) { continue; }
    let goal = select(select(uniform, sampling[SAMPLING_TOP_P], stage == 1u), top_k, stage == 0u);
    last = search(goal, stage == 0u, stage < 2u, last, lane);
  }
  if (lane > 0u) { return; }
  let slot = dice[DICE_SLOT];
  drawn[2u * slot] = f32(last);
  drawn[2u * slot + 1u] = exp((logits[FIRST + last] - greatest_logit) / temperature) / all;
  tokens[0] = last;
  pos[0] += 1u;
  dice[DICE_STEP] += 1u;
  dice[DICE_SLOT] += 1u;
}
