/**
 * The document as xterm.js is to see it: what it takes for style elements are constructed style sheets, for the pages allow no
 * styles in their markup.
 */
export function withoutStyleElements(real: Document): Document {
  const createElement = (name: string): HTMLElement =>
    name === "style" ? sheetIn(real) : real.createElement(name);
  return new Proxy(real, {
    get(target, name) {
      if (name === "createElement") return createElement;
      // Its own methods take no proxy.
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** An element that shows nothing, and whose text is a style sheet of the document until it is removed. */
function sheetIn(real: Document): HTMLElement {
  const sheet = new CSSStyleSheet();
  real.adoptedStyleSheets.push(sheet);
  const element = real.createElement("template");
  Object.defineProperty(element, "textContent", {
    set: (text: string) => sheet.replaceSync(text),
  });
  element.remove = () => {
    real.adoptedStyleSheets = real.adoptedStyleSheets.filter(
      (one) => one !== sheet,
    );
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}
