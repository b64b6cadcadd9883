export * from "../../../types/entities/index.js";
