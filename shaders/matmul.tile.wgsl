// A matrix product through workgroup memory. The workgroup loads BK columns of a and BK rows of b once, and all its threads use them.
// A vec4 of the tiles holds four neighbouring rows of a, or four neighbouring columns of b. The head of matmul.wgsl applies.
// src/ops/matmul.ts puts BM and BN (rows and columns of c that a workgroup computes) and `Kept` (the tiles' type) before this text.

const BK = 16u;
const BM4 = BM / 4u;
const BN4 = BN / 4u;
const ACROSS = BN4;               // threads in a row of c: each computes 4 columns
const THREADS = ACROSS * BM4;
const A_BLOCKS = BM4 * (BK / 4u); // blocks of 4 × 4 numbers in a's tile
const BLOCKS = A_BLOCKS + BN4 * (BK / 4u); // and in both tiles

var<workgroup> tile_a: array<Kept, BK * BM4>; // [BK, BM]
var<workgroup> tile_b: array<Kept, BK * BN4>; // [BK, BN]

// one workgroup per BM × BN of c, one thread per 4 × 4 of it
@compute @workgroup_size(THREADS)
fn tile(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_row = group.y * BM;
  let first_m = group.x * BN;
  let own_row = lane / ACROSS; // in vec4s
  let own_m = lane % ACROSS;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += BK) {
    for (var block = lane; block < BLOCKS; block += THREADS) {
      if (block < A_BLOCKS) {
        let at_k = block % (BK / 4u) * 4u;
        let at_row = block / (BK / 4u);
        let x = a_block(first_row + 4u * at_row, k + at_k);
        for (var j = 0u; j < 4u; j++) { tile_a[(at_k + j) * BM4 + at_row] = kept(x[j], UP_A); }
      } else {
        let at_m = (block - A_BLOCKS) % BN4;
        let at_k = (block - A_BLOCKS) / BN4 * 4u;
        let y = b_block(k + at_k, first_m + 4u * at_m);
        for (var j = 0u; j < 4u; j++) { tile_b[(at_k + j) * BN4 + at_m] = kept(y[j], UP_B); }
      }
    }
    workgroupBarrier();
    for (var j = 0u; j < BK; j++) { // beyond K, a is zero
      let x = vec4f(tile_a[j * BM4 + own_row]);
      let y = vec4f(tile_b[j * BN4 + own_m]);
      s0 += x.x * y;
      s1 += x.y * y;
      s2 += x.z * y;
      s3 += x.w * y;
    }
    workgroupBarrier();
  }
  let row = first_row + 4u * own_row;
  let m = first_m + 4u * own_m;
  put4(row, m, group.z, s0);
  put4(row + 1u, m, group.z, s1);
  put4(row + 2u, m, group.z, s2);
  put4(row + 3u, m, group.z, s3);
}
