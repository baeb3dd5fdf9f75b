// RMSNorm (Zhang and Sennrich, arXiv 1910.07467): out = x · rstd · weight over each row of C numbers,
// rstd = 1/√(mean(x²) + eps). The gradient of weight is a sum over all rows. Each workgroup of the backward writes the sum over its
// stretch of rows to `partials`, and `finish` adds them.

@group(0) @binding(0) var<storage, read> x: array<numbers>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<numbers>;         // [C]
@group(0) @binding(2) var<storage, read_write> out: array<numbers>;      // [N, C]
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;         // [N]
@group(0) @binding(4) var<storage, read> dout: array<numbers>;           // [N, C]
@group(0) @binding(5) var<storage, read_write> dx: array<numbers>;       // [N, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<numbers>;  // [C]
@group(0) @binding(7) var<storage, read_write> partials: array<numbers>; // [COUNT, C] of dweight

/// `accumulate` says whether a gradient is added to (`+=`) or written (`=`). As a uniform it lets one kernel do both.
struct Size {
  accumulate: u32, // 1 or 0
}
@group(0) @binding(8) var<uniform> size: Size;

override N: u32;
override C: u32;
override WIDTH: u32 = C / STEP; // `numbers` in a row
override EPS: f32 = 1e-5;
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
  var squares = numbers();
  for (var c = member; c < WIDTH; c += TEAM) {
    let value = x[n * WIDTH + c];
    held[c / TEAM][lane] = value;
    squares += value * value;
  }
  let r = inverseSqrt(sum_team(vec2f(total(squares)), lane, TEAM, 0u).x / f32(C) + EPS);
  if (row >= N) { return; }
  for (var c = member; c < WIDTH; c += TEAM) { out[n * WIDTH + c] = held[c / TEAM][lane] * r * weight[c]; }
  if (member == 0u) { rstd[n] = r; }
}

var<workgroup> columns: array<array<numbers, LANES>, 2>;

// one workgroup per stretch of rows, whose rows its teams take in turn. With x̂ = x · rstd and g = dout · weight:
// dx = rstd · (g − x̂ · mean(g · x̂)); then, while the rows are still cached, dweight = Σ dout · x̂
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
    let r = rstd[n];
    var sum_gx = numbers();
    for (var c = member; c < WIDTH; c += TEAM) {
      let g = dout[n * WIDTH + c] * weight[c];
      sum_gx += g * x[n * WIDTH + c] * r;
    }
    let mean_gx = sum_team(vec2f(total(sum_gx)), lane, TEAM, i / teams % 2u).x / f32(C);
    if (row < end) {
      for (var c = member; c < WIDTH; c += TEAM) {
        let g = dout[n * WIDTH + c] * weight[c];
        let d = r * (g - x[n * WIDTH + c] * r * mean_gx);
        if (size.accumulate != 0u) { dx[n * WIDTH + c] += d; } else { dx[n * WIDTH + c] = d; }
      }
    }
  }
  for (var k = 0u; k < PER; k++) {
    let c = k * TEAM + member;
    var sum = numbers();
    if (c < WIDTH) {
      for (var n = first + team; n < end; n += teams) { sum += dout[n * WIDTH + c] * x[n * WIDTH + c] * rstd[n]; }
    }
    // The first team adds the sums of all teams. The halves of `columns` alternate, as in sum_team.
    let half = k % 2u;
    columns[half][lane] = sum;
    workgroupBarrier();
    if (team == 0u && c < WIDTH) {
      for (var t = 1u; t < teams; t++) { sum += columns[half][t * TEAM + lane]; }
      partials[group.x * WIDTH + c] = sum;
    }
  }
}

const COLUMNS = NORM_COLUMNS;
const ROWS = 16u;
var<workgroup> parts: array<array<numbers, COLUMNS>, ROWS>;

// one workgroup per 16 columns
@compute @workgroup_size(COLUMNS, ROWS)
fn finish(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  var sum = numbers();
  if (c < WIDTH) {
    for (var i = local.y; i < COUNT; i += ROWS) { sum += partials[i * WIDTH + c]; }
  }
  parts[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y > 0u || c >= WIDTH) { return; }
  for (var k = 1u; k < ROWS; k++) { sum += parts[k][local.x]; }
  if (size.accumulate != 0u) { dweight[c] += sum; } else { dweight[c] = sum; }
}
