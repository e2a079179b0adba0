/**
 * Does something in which what a library makes for style elements are constructed style sheets: the pages allow no styles in
 * their markup, and xterm.js (6.0) makes some while it opens.
 */
export function withoutStyleElements(work: () => void): void {
  const make = document.createElement;
  document.createElement = (name: string, options?: ElementCreationOptions) =>
    name === "style" ? sheetElement() : make.call(document, name, options);
  try {
    work();
  } finally {
    document.createElement = make;
  }
}

/** An element that shows nothing, and whose text is a style sheet of the document until it is removed. */
function sheetElement(): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const element = document.createElement("template");
  Object.defineProperty(element, "textContent", {
    set: (text: string) => sheet.replaceSync(text),
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter(
      (one) => one !== sheet,
    );
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}
