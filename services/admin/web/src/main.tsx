import "@fontsource-variable/hanken-grotesk";
import "./style.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { keepPages } from "./offline.ts";

const place = document.getElementById("app");
if (place) render(<App />, place);
keepPages();
