// A matrix product through workgroup memory, as in matmul.tile.wgsl, with 8 × 8 sums a thread instead of 4 × 4: sixteen numbers read
// from workgroup memory serve sixty-four multiplications. The head of matmul.wgsl applies. src/ops/matmul.ts puts `Kept` before this text.
// A thread's rows are two groups of four, half a tile apart, and so are its columns. Neighbouring threads then read neighbouring vec4s.

const BK = 16u;
const BLOCK = MATMUL_BLOCK;
const B4 = BLOCK / 4u;      // vec4s across a tile
const HALF = B4 / 2u;
const EACH = BK / 4u * B4;  // blocks of 4 × 4 numbers in a tile; each thread loads one, of a or of b
const AWAY = BLOCK / 2u;    // distance of a thread's two groups of rows, and of columns

var<workgroup> tile_a: array<Kept, BK * B4>; // [BK, BLOCK]
var<workgroup> tile_b: array<Kept, BK * B4>;

// one workgroup per BLOCK × BLOCK of c, one thread per 8 × 8 of it
@compute @workgroup_size(2u * EACH)
fn block(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let own_row = lane / HALF; // in vec4s
  let own_m = lane % HALF;
  // rows upper and lower, columns left and right
  var ul0 = vec4f(); var ul1 = vec4f(); var ul2 = vec4f(); var ul3 = vec4f();
  var ur0 = vec4f(); var ur1 = vec4f(); var ur2 = vec4f(); var ur3 = vec4f();
  var ll0 = vec4f(); var ll1 = vec4f(); var ll2 = vec4f(); var ll3 = vec4f();
  var lr0 = vec4f(); var lr1 = vec4f(); var lr2 = vec4f(); var lr3 = vec4f();
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += BK) {
    // The first half of the threads loads a's tile, the other half b's.
    let brought = lane % EACH;
    if (lane < EACH) {
      let at_k = brought % (BK / 4u) * 4u;
      let at_row = brought / (BK / 4u);
      let x = a_block(group.y * BLOCK + 4u * at_row, k + at_k);
      tile_a[at_k * B4 + at_row] = kept(x[0], UP_A);
      tile_a[(at_k + 1u) * B4 + at_row] = kept(x[1], UP_A);
      tile_a[(at_k + 2u) * B4 + at_row] = kept(x[2], UP_A);
      tile_a[(at_k + 3u) * B4 + at_row] = kept(x[3], UP_A);
    } else {
      let at_m = brought % B4;
      let at_k = brought / B4 * 4u;
      let y = b_block(k + at_k, group.x * BLOCK + 4u * at_m);
      tile_b[at_k * B4 + at_m] = kept(y[0], UP_B);
      tile_b[(at_k + 1u) * B4 + at_m] = kept(y[1], UP_B);
      tile_b[(at_k + 2u) * B4 + at_m] = kept(y[2], UP_B);
      tile_b[(at_k + 3u) * B4 + at_m] = kept(y[3], UP_B);
    }
    workgroupBarrier();
    for (var j = 0u; j < BK; j++) { // beyond K, a is zero
      let upper = vec4f(tile_a[j * B4 + own_row]);
      let lower = vec4f(tile_a[j * B4 + HALF + own_row]);
      let left = vec4f(tile_b[j * B4 + own_m]);
      let right = vec4f(tile_b[j * B4 + HALF + own_m]);
      ul0 += upper.x * left; ul1 += upper.y * left; ul2 += upper.z * left; ul3 += upper.w * left;
      ur0 += upper.x * right; ur1 += upper.y * right; ur2 += upper.z * right; ur3 += upper.w * right;
      ll0 += lower.x * left; ll1 += lower.y * left; ll2 += lower.z * left; ll3 += lower.w * left;
      lr0 += lower.x * right; lr1 += lower.y * right; lr2 += lower.z * right; lr3 += lower.w * right;
    }
    workgroupBarrier();
  }
  let row = group.y * BLOCK + 4u * own_row;
  let m = group.x * BLOCK + 4u * own_m;
  put4(row, m, group.z, ul0); put4(row, m + AWAY, group.z, ur0);
  put4(row + 1u, m, group.z, ul1); put4(row + 1u, m + AWAY, group.z, ur1);
  put4(row + 2u, m, group.z, ul2); put4(row + 2u, m + AWAY, group.z, ur2);
  put4(row + 3u, m, group.z, ul3); put4(row + 3u, m + AWAY, group.z, ur3);
  put4(row + AWAY, m, group.z, ll0); put4(row + AWAY, m + AWAY, group.z, lr0);
  put4(row + AWAY + 1u, m, group.z, ll1); put4(row + AWAY + 1u, m + AWAY, group.z, lr1);
  put4(row + AWAY + 2u, m, group.z, ll2); put4(row + AWAY + 2u, m + AWAY, group.z, lr2);
  put4(row + AWAY + 3u, m, group.z, ll3); put4(row + AWAY + 3u, m + AWAY, group.z, lr3);
}
