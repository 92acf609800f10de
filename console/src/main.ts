// SPDX-License-Identifier: Apache-2.0
import { mount } from "svelte";
import "./app.css";
import App from "./App.svelte";
import { app } from "./model/app.svelte.ts";

const target = document.getElementById("app");
if (target) {
    mount(App, { target });
    void app.start();
}
