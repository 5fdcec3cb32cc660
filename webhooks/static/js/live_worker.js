// All pages of one browser share this one connection: what it hears, every one of them hears.
import { Connection } from "./live_connection.js";

const pages = new Set();
let connection = null;

function all(message) {
  for (const page of pages) page.postMessage(message);
}

self.onconnect = (event) => {
  const page = event.ports[0];
  page.onmessage = ({ data }) => {
    if (data === "bye") pages.delete(page);
    else if (data === "wake") connection?.wake();
    else if (data === "hello") {
      pages.add(page);
      if (connection) connection.greet((message) => page.postMessage(message));
      else connection = new Connection(all);
      page.postMessage({ type: "here", data: {} });
    }
  };
  page.start();
};
