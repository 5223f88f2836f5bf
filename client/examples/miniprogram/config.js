// `cargo run` 启动时打印这两个地址。
// `cargo run` prints these two addresses when it starts.
module.exports = {
  base: 'http://127.0.0.1:9000',

  // 模拟微信的控制接口；连接真实部署时改为空字符串。
  // The controls of the simulated WeChat; an empty string for a real deployment.
  simulator: 'http://127.0.0.1:9001/_simulator',

  // 真实部署中换成自己的商品和订阅消息模板。
  // In a real deployment, a product and a template of your own.
  product: 'tea',
  template: 'demo-one-time-subscription-of-an-order-0001',
}
