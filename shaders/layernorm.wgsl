// LayerNorm (Ba et al., arXiv 1607.06450): out = (x − mean) · rstd · weight + bias over each row of C numbers,
// rstd = 1/√(var + eps). The gradients of weight and bias are sums over all rows. Each workgroup of the backward writes the sums over
// its stretch of rows to `partials`, and `finish` adds them.

@group(0) @binding(0) var<storage, read> x: array<numbers>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<numbers>;         // [C]
@group(0) @binding(2) var<storage, read> bias: array<numbers>;           // [C]
@group(0) @binding(3) var<storage, read_write> out: array<numbers>;      // [N, C]
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;         // [N]
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;         // [N]
@group(0) @binding(6) var<storage, read> dout: array<numbers>;           // [N, C]
@group(0) @binding(7) var<storage, read_write> dx: array<numbers>;       // [N, C]
@group(0) @binding(8) var<storage, read_write> dweight: array<numbers>;  // [C]
@group(0) @binding(9) var<storage, read_write> dbias: array<numbers>;    // [C]
@group(0) @binding(10) var<storage, read_write> partials: array<numbers>; // [COUNT, SUMS, C] of dweight and, with a bias, dbias

/// `accumulate` says whether a gradient is added to (`+=`) or written (`=`). As a uniform it lets one kernel do both.
struct Size {
  accumulate: u32, // 1 or 0
}
@group(0) @binding(11) var<uniform> size: Size;

override N: u32;
override C: u32;
override WIDTH: u32 = C / STEP; // `numbers` in a row
override EPS: f32 = 1e-5;
override BIAS: bool = false;
override SUMS: u32 = 1u; // 2 with a bias
override TEAM: u32 = LANES; // lanes that share a row
override PER: u32 = 1u;     // `numbers` of a row that each lane of a team holds: every TEAM-th
override STRETCH: u32 = 1u; // rows in a stretch, which one workgroup of the backward computes
override COUNT: u32 = 1u;   // number of stretches

var<workgroup> held: array<array<numbers, LANES>, PER>; // the rows of x; a lane reads only what it wrote itself

// one team per row; a team past the last row takes part in the barriers and writes nothing
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = flat_group(group, groups) * (LANES / TEAM) + lane / TEAM;
  let n = min(row, N - 1u);
  let member = lane % TEAM;
  var sum = numbers();
  for (var c = member; c < WIDTH; c += TEAM) {
    let value = x[n * WIDTH + c];
    held[c / TEAM][lane] = value;
    sum += value;
  }
  let m = sum_team(vec2f(total(sum)), lane, TEAM, 0u).x / f32(C);
  var squares = numbers();
  for (var c = member; c < WIDTH; c += TEAM) {
    let centred = held[c / TEAM][lane] - m;
    squares += centred * centred;
  }
  let r = inverseSqrt(sum_team(vec2f(total(squares)), lane, TEAM, 1u).x / f32(C) + EPS);
  if (row >= N) { return; }
  for (var c = member; c < WIDTH; c += TEAM) {
    var y = (held[c / TEAM][lane] - m) * r * weight[c];
    if (BIAS) { y += bias[c]; }
    out[n * WIDTH + c] = y;
  }
  if (member == 0u) {
    mean[n] = m;
    rstd[n] = r;
  }
}

var<workgroup> columns: array<array<numbers, LANES>, 4>;

// one workgroup per stretch of rows, whose rows its teams take in turn. With x̂ = (x − mean) · rstd and g = dout · weight:
// dx = rstd · (g − mean(g) − x̂ · mean(g · x̂)); then, while the rows are still cached, dweight = Σ dout · x̂ and dbias = Σ dout
@compute @workgroup_size(LANES)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let teams = LANES / TEAM;
  let team = lane / TEAM;
  let member = lane % TEAM;
  let first = group.x * STRETCH;
  let end = min(first + STRETCH, N);
  for (var i = 0u; i < STRETCH; i += teams) {
    let row = first + i + team;
    let n = min(row, N - 1u);
    let m = mean[n];
    let r = rstd[n];
    var sum_g = numbers();
    var sum_gx = numbers();
    for (var c = member; c < WIDTH; c += TEAM) {
      let g = dout[n * WIDTH + c] * weight[c];
      sum_g += g;
      sum_gx += g * (x[n * WIDTH + c] - m) * r;
    }
    let means = sum_team(vec2f(total(sum_g), total(sum_gx)), lane, TEAM, i / teams % 2u) / f32(C);
    if (row < end) {
      for (var c = member; c < WIDTH; c += TEAM) {
        let g = dout[n * WIDTH + c] * weight[c];
        let d = r * (g - means.x - (x[n * WIDTH + c] - m) * r * means.y);
        if (size.accumulate != 0u) { dx[n * WIDTH + c] += d; } else { dx[n * WIDTH + c] = d; }
      }
    }
  }
  for (var k = 0u; k < PER; k++) {
    let c = k * TEAM + member;
    var sum_dx = numbers();
    var sum_d = numbers();
    if (c < WIDTH) {
      for (var n = first + team; n < end; n += teams) {
        let d = dout[n * WIDTH + c];
        sum_dx += d * (x[n * WIDTH + c] - mean[n]) * rstd[n];
        sum_d += d;
      }
    }
    // The first team adds the sums of all teams. The halves of `columns` alternate, as in sum_team.
    let half = k % 2u * 2u;
    columns[half][lane] = sum_dx;
    columns[half + 1u][lane] = sum_d;
    workgroupBarrier();
    if (team == 0u && c < WIDTH) {
      for (var t = 1u; t < teams; t++) {
        sum_dx += columns[half][t * TEAM + lane];
        sum_d += columns[half + 1u][t * TEAM + lane];
      }
      partials[group.x * SUMS * WIDTH + c] = sum_dx;
      if (SUMS == 2u) { partials[(group.x * SUMS + 1u) * WIDTH + c] = sum_d; }
    }
  }
}

const COLUMNS = NORM_COLUMNS;
const ROWS = 16u;
var<workgroup> parts: array<array<numbers, COLUMNS>, ROWS>;

/// Sum over all stretches at column c: of dweight where s is 0, of dbias where it is 1. Only the first row of threads gets all of it.
fn column_sum(c: u32, s: u32, column: u32, row: u32) -> numbers {
  var sum = numbers();
  if (c < WIDTH) {
    for (var i = row; i < COUNT; i += ROWS) { sum += partials[(i * SUMS + s) * WIDTH + c]; }
  }
  parts[row][column] = sum;
  workgroupBarrier();
  if (row == 0u) {
    for (var k = 1u; k < ROWS; k++) { sum += parts[k][column]; }
  }
  return sum;
}

// one workgroup per 16 columns
@compute @workgroup_size(COLUMNS, ROWS)
fn finish(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  let sum = column_sum(c, 0u, local.x, local.y);
  if (local.y > 0u || c >= WIDTH) { return; }
  if (size.accumulate != 0u) { dweight[c] += sum; } else { dweight[c] = sum; }
}

// the same of dbias, where the weight is frozen
@compute @workgroup_size(COLUMNS, ROWS)
fn finish_bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  let sum = column_sum(c, 1u, local.x, local.y);
  if (local.y > 0u || c >= WIDTH) { return; }
  if (size.accumulate != 0u) { dbias[c] += sum; } else { dbias[c] = sum; }
}

// the same with a bias: one workgroup per 16 columns of dweight (y = 0) or dbias (y = 1)
@compute @workgroup_size(COLUMNS, ROWS)
fn finish_both(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  let sum = column_sum(c, group.y, local.x, local.y);
  if (local.y > 0u || c >= WIDTH) { return; }
  if (group.y == 0u) {
    if (size.accumulate != 0u) { dweight[c] += sum; } else { dweight[c] = sum; }
  } else {
    if (size.accumulate != 0u) { dbias[c] += sum; } else { dbias[c] = sum; }
  }
}
