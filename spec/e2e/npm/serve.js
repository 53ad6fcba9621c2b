// SPDX-License-Identifier: MIT
// One JSON request a line on standard input, one JSON answer a line on standard output, until the input ends.

import { createInterface } from "node:readline";

export async function serve(answer) {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line))));
  }
  process.exit(0);
}
