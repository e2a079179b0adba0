import { ensureImage } from "./image.ts";

const image = await ensureImage(process.argv[2] ?? "qemu-x86-64");
console.log(image.disk);
