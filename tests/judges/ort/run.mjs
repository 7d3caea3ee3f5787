// Runs an ONNX file in ONNX Runtime, the judge of our artifacts.
//   node run.mjs MODEL INPUT SHAPE OUTPUT [--threads N] [--repeat R]
// INPUT: raw float32; SHAPE: "2,3,224,224"; OUTPUT: raw float32 logits. With --repeat, runs R times more and prints the
// milliseconds of each run as a JSON array.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '1' }, repeat: { type: 'string', default: '0' } },
});
const [model, inputPath, shapeText, outputPath] = positionals;
if (outputPath === undefined) throw new Error('usage: run.mjs MODEL INPUT SHAPE OUTPUT [--threads N] [--repeat R]');

const bytes = readFileSync(inputPath);
const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const session = await ort.InferenceSession.create(model, {
  intraOpNumThreads: Number(options.threads),
  interOpNumThreads: 1,
});
const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values, shapeText.split(',').map(Number)) };
const output = (await session.run(feeds))[session.outputNames[0]];
writeFileSync(outputPath, new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength));

const times = [];
for (let i = 0; i < Number(options.repeat); i++) {
  const start = process.hrtime.bigint();
  await session.run(feeds);
  times.push(Number(process.hrtime.bigint() - start) / 1e6);
}
if (times.length > 0) console.log(JSON.stringify(times));
