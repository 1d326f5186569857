/** Pages of words only. The door of a private album: who came for one photo still does, once it is open. */

import "./base.css";

const form = document.querySelector<HTMLFormElement>(".message-form");
form?.addEventListener("submit", () => (form.action += location.hash));
